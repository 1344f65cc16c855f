"""A run of several drills: one directory with everything, a result kept after each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from lab.clients.errors import RunFailed
from lab.drills.report.files import write_report, write_result
from lab.drills.report.words import moment
from lab.drills.run.completed import Memory
from lab.drills.run.result import Result
from lab.drills.run.runner import Runner
from lab.drills.run.verify import names
from lab.drills.spec.model import Drill
from lab.drills.watch.timeline import PAGES, Event


@dataclass
class Session:
    """``directory`` is where this run writes. ``late``: pages that came between the drills."""

    directory: Path
    memory: Memory
    results: list[Result] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    """Drills that could not be carried out, and why."""

    @classmethod
    def under(cls, directory: Path) -> Session:
        """A directory of its own below, named for the time."""
        own = directory / datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        own.mkdir(parents=True, exist_ok=True)
        return cls(own, Memory(directory))

    @property
    def passed(self) -> bool:
        """Whether every drill passed, without a page between them."""
        return all(result.passed for result in self.results) and not self.late and not self.failed

    def record(self, event: Event) -> None:
        """For the console, which shows what is going on: one line of JSON an event."""
        line = {
            "at": moment(event.at),
            "kind": str(event.kind),
            "alert": event.alert,
            "text": event.text,
            "receiver": event.receiver,
        }
        with (self.directory / "events.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")

    def run(self, runner: Runner, drills: Sequence[Drill]) -> None:
        """Each in turn. A drill that cannot be carried out is noted, and the next one tried.

        The result is written at the end: a run without one is in progress or was interrupted. The report is rewritten
        after each drill.
        """
        for number, drill in enumerate(drills, 1):
            runner.say(f"[{number}/{len(drills)}] {drill.name}: {drill.title}")
            since = runner.world.clock.now() - 1.0
            try:
                runner.quiet(drill)
                late = runner.watcher.timeline.notifications(PAGES, since)
                self.late += [f"{names(page)} before {drill.name}" for page in late]
                result = runner.run(drill)
            except RunFailed as error:
                self.failed.append(f"{drill.name}: {error}")
                runner.say(self.failed[-1])
                continue
            self.results.append(result)
            self.memory.keep(result)
            write_report(self.directory, self.results, self.late, self.failed)
        write_report(self.directory, self.results, self.late, self.failed)
        write_result(self.directory, self.results, self.late, self.failed)
