"""A part of the test run: a command with its output in a file, which can be stopped with all its processes."""

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
    """The definition of a part: its command and the parts that must have passed before."""

    name: str
    command: tuple[str, ...]
    after: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 3600.0
    """The time after which it counts as failed."""
    may_be_skipped: bool = False
    """Whether the machine may lack a requirement of all its tests; the run then ends with a line that reports it."""


class Running:
    """A started part, with its own process group and its own folder for temporary files.

    The launcher and every process that does not clear its environment pass TMPDIR on. It identifies the processes of a
    part, including those that have left its process group.
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
        """Return the seconds since it was started."""
        return time.monotonic() - self.began

    def ended(self) -> int | None:
        """Return its exit status; ``None`` while it is running."""
        return self._process.poll()

    @property
    def late(self) -> bool:
        """Return whether its time limit has passed."""
        return self.seconds > self.part.seconds

    def interrupt(self) -> None:
        """Interrupt it like Ctrl-C, so that pytest stops what its fixtures have started.

        Its children are not interrupted, because a test that has just forked would continue in both processes.
        """
        self._process.send_signal(signal.SIGINT)

    def wait(self, seconds: float) -> None:
        """Wait until it has exited; kill it after this many seconds."""
        try:
            self._process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def left(self) -> list[psutil.Process]:
        """Return its processes that are still running."""
        mark, found = str(self.temporary), []
        for process in psutil.process_iter():
            try:
                if process.environ().get("TMPDIR", "").startswith(mark) and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found
