"""Which servers are still being built, as the launcher's note says (``stack/joining.py`` writes it).

The launcher is not imported: a console in a container has none, and there is no note either.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


class Joining:
    """Reads the note again for each question. ``file`` is None where no launcher builds anything."""

    def __init__(self, file: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self._file, self._clock = file, clock

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Joining:
        """Take the note's path from ``JOINING_FILE``."""
        path = environ.get("JOINING_FILE")
        return cls(Path(path) if path else None)

    def sentences(self) -> list[str]:
        """Return a sentence for each component that is still to come, the first to be expected first."""
        to_come = sorted(self._components().items(), key=lambda item: (item[1]["until"], item[0]))
        return [f"{name} {self._words(its)}" for name, its in to_come]

    def of(self, url: str) -> str:
        """Return what to say of the server at this address: "" when it is not one that is still to come."""
        for its in self._components().values():
            if its["url"] and its["url"] == url:
                return self._words(its)
        return ""

    def component(self, name: str) -> str:
        """Return what to say of the component of this name: "" when it is not one that is still to come."""
        its = self._components().get(name)
        return self._words(its) if its else ""

    def _words(self, its: Mapping[str, Any]) -> str:
        now = self._clock()
        left = its["until"] - now
        what = "is being built" if its["state"] == "building" else "waits to be built"
        more = f"about {_minutes(left)} more" if left > 1 else "to be finished at any moment"
        return f"{what}: missing for {_minutes(max(0.0, now - its['since']))}, {more}"

    def _components(self) -> dict[str, Any]:
        if self._file is None:
            return {}
        try:
            note = json.loads(self._file.read_text())
            os.kill(note["pid"], 0)
            return dict(note["components"])
        except (OSError, ValueError, KeyError, TypeError):
            # No note, or one that a killed `make up` left: nothing is being built.
            return {}


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
