"""Completed drills, which let an interrupted run continue where it stopped: ``<state>/drills/done.json``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from lab.drills.run.result import Result

FILE = "done.json"


@dataclass(frozen=True, slots=True)
class Memory:
    """The last result of each drill."""

    directory: Path

    def results(self) -> dict[str, Result]:
        """Return the results by name. A file that cannot be parsed counts as empty."""
        try:
            content = json.loads((self.directory / FILE).read_text())
            return {name: Result.from_json(one) for name, one in content.items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return {}

    def keep(self, result: Result) -> None:
        """Record a result. The file is replaced atomically."""
        every = {name: one.as_json() for name, one in self.results().items()} | {result.name: result.as_json()}
        self.directory.mkdir(parents=True, exist_ok=True)
        new = self.directory / f"{FILE}.new"
        new.write_text(json.dumps(every, indent=1))
        new.replace(self.directory / FILE)

    def left(self, names: list[str]) -> list[str]:
        """Return the drills that have not passed yet."""
        results = self.results()
        return [name for name in names if name not in results or not results[name].passed]
