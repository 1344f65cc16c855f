"""The label values that the processes of one replica have admitted together, in a file of their shared folder.

Each process alone would admit values of its own, and so would each that takes a dead one's place: of a bound of a
hundred, a replica of eight workers would have eight hundred. A process opens the file once for each value that is new
to it, and not at all once the bound is reached.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import MutableMapping
from pathlib import Path

from observability.multiprocess import SETTING


def of_process(metric: str, label: str) -> Path:
    """The file of a metric's label, in the folder that this process has joined."""
    return Path(os.environ[SETTING]) / f"{metric}.{label}.values"


def admit(path: Path, value: str, room: int, known: MutableMapping[str, str]) -> tuple[bool, int]:
    """Whether ``value`` may be used, and how much room is left in all; what others have admitted becomes ``known``.

    ``room`` is the bound less what this process has seen admitted. A folder that cannot be written leaves each process
    its own bound.
    """
    try:
        with path.open("a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            for admitted in map(json.loads, file):
                if admitted not in known:
                    known[admitted] = admitted
                    room -= 1
            if value in known:
                return True, room
            if room <= 0:
                return False, 0
            file.write(json.dumps(value) + "\n")
    except (OSError, ValueError):
        return True, room - 1
    return True, room - 1
