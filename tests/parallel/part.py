"""A part of the test run: a command with its output in a file, which can be ended together with what it started."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Part:
    """What is run, and which parts must have passed before."""

    name: str
    command: tuple[str, ...]
    after: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 3600.0
    """After which it counts as failed."""
    may_be_skipped: bool = False
    """Whether the machine may lack what all its tests need; the run then ends with a line that says so."""


class Running:
    """A part that was started, in a process group and a folder for temporary files of its own.

    The launcher passes TMPDIR on to all that it starts, as does every process that does not clear its environment: by
    it the processes of a part are known, also those that have left its process group.
    """

    def __init__(self, part: Part, folder: Path) -> None:
        self.part, self.folder, self.began = part, folder, time.monotonic()
        self.temporary = folder / "tmp"
        self.temporary.mkdir(parents=True)
        self.log = folder / "output.txt"
        env = {**os.environ, **part.env, "TMPDIR": str(self.temporary), "PYTHONUNBUFFERED": "1"}
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                part.command,
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def seconds(self) -> float:
        """Since it was started."""
        return time.monotonic() - self.began

    def ended(self) -> int | None:
        """Its exit status; ``None`` while it runs."""
        return self._process.poll()

    @property
    def late(self) -> bool:
        """Whether it has used up its time."""
        return self.seconds > self.part.seconds

    def interrupt(self) -> None:
        """Ask it to end, as Ctrl-C does: pytest then takes down what its fixtures have started.

        Its children are not asked: a test that has just forked would run on in both.
        """
        self._process.send_signal(signal.SIGINT)

    def wait(self, seconds: float) -> None:
        """Until it has ended; if it has not after so many seconds, it is killed."""
        try:
            self._process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def left(self) -> list[psutil.Process]:
        """The processes that it has started and that still run."""
        mark, found = str(self.temporary), []
        for process in psutil.process_iter():
            try:
                if process.environ().get("TMPDIR", "").startswith(mark) and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found
