"""Fire drills in the runner's format: one directory per run, with events during the run and a result at its end."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from console.faults.drill_files import Event, ResultFile

EVENTS = "events.jsonl"
RESULT = "result.json"
DONE = "done.json"
MOST_RUNS = 40
MOST_EVENTS = 1_000
MAX_BYTES = 8 * 1024 * 1024
LIVE_SECONDS = 600.0
"""Seconds without a new event after which a run without a result counts as aborted."""
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,120}")


class Drills:
    """Reads ``<directory>/<run>/``."""

    def __init__(self, directory: Path, clock: Callable[[], float] = time.time) -> None:
        self.directory, self._clock = directory, clock

    def runs(self) -> list[dict[str, Any]]:
        """Return the newest runs first, without their events."""
        try:
            found = [path for path in self.directory.iterdir() if path.is_dir() and _RUN.fullmatch(path.name)]
        except OSError:
            return []
        found.sort(key=lambda path: path.name, reverse=True)  # named after the time at which they began
        return [self._run(path) for path in found[:MOST_RUNS]]

    def run(self, name: str) -> dict[str, Any] | None:
        """Return one run with its events; None if there is no run with this name."""
        path = self.directory / name
        if not _RUN.fullmatch(name) or not path.is_dir():
            return None
        return {**self._run(path), "events": _events(path / EVENTS)}

    def last(self) -> dict[str, bool]:
        """Return whether the last run of each drill passed; drills that have never run here are missing."""
        known = _json(self.directory / DONE)
        if not isinstance(known, dict):
            return {}
        return {name: bool(one.get("passed")) for name, one in known.items() if isinstance(one, dict)}

    def _run(self, path: Path) -> dict[str, Any]:
        """Return one run. Its ``state`` is passed, failed, running, stopped (aborted) or unreadable."""
        shown: dict[str, Any] = {"run": path.name, "touched": _touched(path), "drills": [], "wrong": []}
        if not (path / RESULT).exists():
            is_live = self._clock() - shown["touched"] < LIVE_SECONDS
            return shown | {"state": "running" if is_live else "stopped"}
        try:
            result = ResultFile.model_validate(_json(path / RESULT))
        except ValidationError:
            return shown | {"state": "unreadable"}
        return shown | {
            "state": "passed" if result.passed else "failed",
            "drills": [one.model_dump() for one in result.drills],
            "wrong": [*result.failed, *result.late_pages],
        }


def _touched(path: Path) -> float:
    try:
        return max((file.stat().st_mtime for file in (path, *path.iterdir())), default=0.0)
    except OSError:  # deleted while it is being read
        return 0.0


def _events(path: Path) -> list[dict[str, Any]]:
    found = []
    for line in _text(path).splitlines()[-MOST_EVENTS:]:
        try:
            found.append(Event.model_validate_json(line).model_dump())
        except ValidationError:
            continue  # the last line may be incomplete
    return found


def _json(path: Path) -> Any:
    try:
        return json.loads(_text(path))
    except (ValueError, RecursionError):
        return None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
