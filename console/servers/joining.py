"""Which servers are still being built, according to the launcher's file (written by ``stack/joining.py``).

The launcher is not imported: a console in a container has neither the launcher nor the file.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


class Joining:
    """Reads the file on each call. ``file`` is None if no launcher builds anything."""

    def __init__(self, file: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self._file, self._clock = file, clock

    def sentences(self) -> list[str]:
        """Return a sentence for each component that has not joined yet, in the expected order."""
        to_come = sorted(self._components().items(), key=lambda item: (item[1]["until"], item[0]))
        return [f"{name} {self._words(its)}" for name, its in to_come]

    def of(self, url: str) -> str:
        """Return the sentence for the server at this address; "" if it is not expected to join."""
        for its in self._components().values():
            if its["url"] and its["url"] == url:
                return self._words(its)
        return ""

    def component(self, name: str) -> str:
        """Return the sentence for the component of this name; "" if it is not expected to join."""
        its = self._components().get(name)
        return self._words(its) if its else ""

    def _words(self, its: Mapping[str, Any]) -> str:
        now = self._clock()
        left = its["until"] - now
        what = "is being built" if its["state"] == "building" else "is waiting to be built"
        more = f"about {_minutes(left)} more" if left > 1 else "should finish at any moment"
        return f"{what}: missing for {_minutes(max(0.0, now - its['since']))}, {more}"

    def _components(self) -> dict[str, Any]:
        if self._file is None:
            return {}
        try:
            note = json.loads(self._file.read_text())
            os.kill(note["pid"], 0)
            return dict(note["components"])
        except (OSError, ValueError, KeyError, TypeError):
            # No file, or one left by a killed `make up`: nothing is being built.
            return {}


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
