"""Fire drills as their runner writes them: one directory a run, with its events and, in the end, its result."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

EVENTS = "events.jsonl"
RESULT = "result.json"
MOST_RUNS = 40
MOST_EVENTS = 500
MAX_BYTES = 1024 * 1024
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,120}")


class Drills:
    """Reads ``<directory>/<run>/``; a run without a result is still going on, or was broken off."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def runs(self) -> list[dict[str, Any]]:
        """Return the newest runs first, each with its result if it has one."""
        try:
            found = [path for path in self._directory.iterdir() if path.is_dir() and _has_something(path)]
        except OSError:
            return []
        found.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        return [self._run(path) for path in found[:MOST_RUNS]]

    def run(self, name: str) -> dict[str, Any] | None:
        """Return one run with its events."""
        path = self._directory / name
        if not _RUN.fullmatch(name) or not path.is_dir():
            return None
        return {**self._run(path), "events": _events(path / EVENTS)}

    def _run(self, path: Path) -> dict[str, Any]:
        result = _read(path / RESULT)
        try:
            touched = max(file.stat().st_mtime for file in path.iterdir())
        except (OSError, ValueError):
            touched = 0.0
        return {"run": path.name, "result": result, "touched": touched, "has_events": (path / EVENTS).exists()}


def _has_something(path: Path) -> bool:
    return (path / EVENTS).exists() or (path / RESULT).exists()


def _events(path: Path) -> list[dict[str, Any]]:
    found = []
    for line in _text(path).splitlines()[-MOST_EVENTS:]:
        try:
            event = json.loads(line)
        except ValueError:
            continue  # the last line may be half written
        if isinstance(event, dict):
            found.append(event)
    return found


def _read(path: Path) -> Any:
    try:
        return json.loads(_text(path))
    except ValueError:
        return None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
