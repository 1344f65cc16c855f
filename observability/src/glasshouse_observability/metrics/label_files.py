"""The label values that the processes of one replica have admitted together, in a file of their shared folder.

Without it each process would admit its own values, and so would each process that replaces a dead one: with a limit of
100, a replica of eight workers would have 800 values. A process opens the file once for each value that is new to it,
and not at all once the limit is reached.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import MutableMapping
from pathlib import Path

from glasshouse_observability.metrics.multiprocess import SETTING


def of_process(metric: str, label: str) -> Path:
    """Return the file of a metric's label, in the folder that this process has joined."""
    return Path(os.environ[SETTING]) / f"{metric}.{label}.values"


def admit(path: Path, value: str, room: int, known: MutableMapping[str, str]) -> tuple[bool, int]:
    """Return whether ``value`` may be used, and the total room left; values admitted by others go into ``known``.

    ``room`` is the limit less the values that this process has seen admitted. If the folder cannot be written, each
    process has its own limit.
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
