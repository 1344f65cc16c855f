"""``python -m tests.parallel [PART…]``: run all tests in parallel parts; without names, all parts except `compose`.

The first failure stops the run; with ``KEEP_GOING=1`` in the environment, all parts are completed. Exit status: 0 if
all have passed, 1 if not, 130 after an interrupt. No process of the run remains.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

from tests.parallel.plan import NAMES, chosen
from tests.parallel.run import Failed, Session, say
from tests.parallel.slowest import counted, slowest


def main(names: list[str]) -> int:
    """Run the named parts."""
    if unknown := sorted(set(names) - set(NAMES)):
        say(f"there is no part {', '.join(unknown)}: valid parts are {', '.join(NAMES)}")
        return 2
    folder = Path(tempfile.mkdtemp(prefix="gh-"))
    signal.signal(signal.SIGTERM, _interrupt)
    # A shell makes background processes ignore SIGINT. Parts would inherit that, but they are stopped by SIGINT.
    signal.signal(signal.SIGINT, _interrupt)
    keep_going = os.environ.get("KEEP_GOING", "") == "1"
    try:
        session = Session(chosen(names, folder), folder, say, int(os.environ.get("TEST_JOBS", "4")), keep_going)
        session.run()
    except Failed as failed:
        say(f"{failed}. Its files are in {folder}.")
        return 1
    except KeyboardInterrupt:
        say(f"interrupted. The run's files are in {folder}.")
        return 130
    files = sorted(folder.glob("*/junit.xml"))
    say("The slowest 20 tests, in seconds including fixtures:")
    for seconds, name in slowest(files):
        say(f"{seconds:8.1f}  {name}")
    for file in files:
        say(f"{file.parent.name:>12}: {counted(file)}")
    for sentence in session.untested:
        say(f"WARNING: {sentence}")
    shutil.rmtree(folder)
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
