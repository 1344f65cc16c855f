"""Runs parts of the test run side by side. The first one that fails ends all others, unless all are to be run."""

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
"""For pytest to take down what its fixtures have started, after SIGINT."""
Say = Callable[[str], None]


class Failed(Exception):
    """A part has failed; the message says which and why."""


class Session:
    """One run. ``folder`` gets a folder for each part; ``jobs`` is the number of parts that run at once.

    ``keep_going``: the others run to their end after one has failed, also those that would come after it.
    ``untested``: a sentence for each part that may be skipped and was.
    """

    def __init__(self, parts: Sequence[Part], folder: Path, say: Say, jobs: int, keep_going: bool = False) -> None:
        self._keep_going, self._failures = keep_going, list[str]()
        self.untested: list[str] = []
        self._waiting, self._folder, self._say, self._jobs = list(parts), folder, say, jobs
        self._running: list[Running] = []
        self._over: set[str] = set()
        self._began = time.monotonic()

    def run(self) -> None:
        """Run all of them. Raises ``Failed``; nothing of them runs afterwards, whatever is raised."""
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
        """Start what may run now, in the order of the list."""
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
                self._fail(f"{one.part.name} has left processes behind: {'; '.join(left)}")
            self._over.add(one.part.name)

    def _fail(self, why: str) -> None:
        if not self._keep_going:
            raise Failed(why)
        self._failures.append(why)

    def _end(self) -> None:
        """End what still runs: all are asked first, then each is waited for."""
        for one in self._running:
            one.interrupt()
        deadline = time.monotonic() + TEARDOWN_SECONDS
        for one in self._running:
            one.wait(deadline - time.monotonic())
            ended(one)
            self._show(one, "was ended")
        self._running = []

    def _show(self, one: Running, how: str) -> None:
        """The whole output of a part, between two lines that say of which."""
        self._say(f"\n===== {one.part.name}: its output =====")
        self._say(one.log.read_text(errors="replace").rstrip())
        self._say(f"===== {self._clock()} {one.part.name} {how} after {one.seconds:.0f} s =====\n")

    def _clock(self) -> str:
        minutes, seconds = divmod(round(time.monotonic() - self._began), 60)
        return f"{minutes:02d}:{seconds:02d}"


def nothing_tested(one: Running) -> str | None:
    """Why a pytest run that ended well has not passed: its status is 0 also when every test was skipped."""
    results = one.folder / "junit.xml"
    return all_skipped(results) if results.exists() else None


def ended(one: Running) -> list[str]:
    """Kill what a part has left behind; returns the commands."""
    left = []
    for process in one.left():
        try:
            left.append(" ".join(process.cmdline())[:200])
            process.kill()
        except psutil.NoSuchProcess:
            continue
    return left


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _pause(seconds: float) -> None:
    time.sleep(seconds)
