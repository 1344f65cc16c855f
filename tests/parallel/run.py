"""Parallel execution of parts. The first failure stops all others, unless all must be completed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from tests.parallel.part import Part, Running
from tests.parallel.slowest import all_skipped

EVERY_SECONDS = 0.2
TEARDOWN_SECONDS = 120.0
"""The time for pytest to stop what its fixtures have started, after SIGINT."""
Say = Callable[[str], None]


class Failed(Exception):
    """A part has failed; the message has its name and the reason."""


class Session:
    """One run. ``folder`` gets a folder for each part; ``jobs`` is the number of parts that run at once.

    With ``keep_going``, the other parts are completed after a failure, including dependent ones. ``untested`` has a
    sentence for each skipped part.
    """

    def __init__(self, parts: Sequence[Part], folder: Path, say: Say, jobs: int, keep_going: bool = False) -> None:
        self._keep_going, self._failures = keep_going, list[str]()
        self.untested: list[str] = []
        self._waiting, self._folder, self._say, self._jobs = list(parts), folder, say, jobs
        self._running: list[Running] = []
        self._over: set[str] = set()
        self._began = time.monotonic()

    def run(self) -> None:
        """Run all parts. Raises ``Failed``. No process remains afterwards, whatever is raised."""
        try:
            while self._waiting or self._running:
                self._start()
                self._collect()
                _pause(EVERY_SECONDS)
            if self._failures:
                raise Failed("; ".join(self._failures))
        finally:
            self._end()

    def _start(self) -> None:
        """Start the parts that may run now, in the order of the list."""
        for part in [part for part in self._waiting if self._over.issuperset(part.after)]:
            if len(self._running) < self._jobs:
                self._waiting.remove(part)
                self._running.append(Running(part, self._folder / part.name))
                self._say(f"{self._clock()} {part.name} has started")

    def _collect(self) -> None:
        for one in list(self._running):
            status = one.ended()
            if status is None and not one.late:
                continue
            if status is None:
                raise Failed(f"{one.part.name} did not end within {one.part.seconds:.0f} s")
            self._running.remove(one)
            untested = None if status else nothing_tested(one)
            outcome = "TESTED NOTHING" if untested else "passed"
            self._show(one, f"FAILED with {status}" if status else outcome)
            left = ended(one)
            if untested and one.part.may_be_skipped:
                self.untested.append(f"{one.part.name} has tested nothing: {untested}")
            elif untested:
                self._fail(f"{one.part.name} has tested nothing: {untested}")
            elif status:
                self._fail(f"{one.part.name} has failed")
            elif left:
                self._fail(f"{one.part.name} left processes running: {'; '.join(left)}")
            self._over.add(one.part.name)

    def _fail(self, why: str) -> None:
        if not self._keep_going:
            raise Failed(why)
        self._failures.append(why)

    def _end(self) -> None:
        """Stop all running parts: interrupt all of them, then wait for each."""
        for one in self._running:
            one.interrupt()
        deadline = time.monotonic() + TEARDOWN_SECONDS
        for one in self._running:
            one.wait(deadline - time.monotonic())
            ended(one)
            self._show(one, "was ended")
        self._running = []

    def _show(self, one: Running, how: str) -> None:
        """Print the whole output of a part, between two lines with its name."""
        self._say(f"\n===== {one.part.name}: its output =====")
        self._say(one.log.read_text(errors="replace").rstrip())
        self._say(f"===== {self._clock()} {one.part.name} {how} after {one.seconds:.0f} s =====\n")

    def _clock(self) -> str:
        minutes, seconds = divmod(round(time.monotonic() - self._began), 60)
        return f"{minutes:02d}:{seconds:02d}"


def nothing_tested(one: Running) -> str | None:
    """Return why a pytest run with status 0 has not passed: its status is also 0 if every test was skipped."""
    results = one.folder / "junit.xml"
    return all_skipped(results) if results.exists() else None


def ended(one: Running) -> list[str]:
    """Kill the remaining processes of a part. Returns their commands."""
    left = []
    for process in one.left():
        try:
            left.append(" ".join(process.cmdline())[:200])
            process.kill()
        except psutil.NoSuchProcess:
            continue
    return left


def say(text: str) -> None:
    """Print a line and flush it."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _pause(seconds: float) -> None:
    time.sleep(seconds)
