"""A run of several drills in one directory; the result of each drill is stored when it ends."""

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
    """``directory`` contains the run's files. ``late`` contains pages sent between the drills."""

    directory: Path
    memory: Memory
    results: list[Result] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    """Drills that failed to run, with the reasons."""

    @classmethod
    def under(cls, directory: Path) -> Session:
        """Create a session in a new subdirectory, named after the time."""
        own = directory / datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        own.mkdir(parents=True, exist_ok=True)
        return cls(own, Memory(directory))

    @property
    def passed(self) -> bool:
        """Whether every drill passed and no page was sent between drills."""
        return all(result.passed for result in self.results) and not self.late and not self.failed

    def record(self, event: Event) -> None:
        """Append an event as one line of JSON, which the console shows during the run."""
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
        """Run each drill in turn. A drill that fails to run is recorded, and the next one runs.

        The result is written at the end, so a run without a result is in progress or was interrupted. The report is
        rewritten after each drill.
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
