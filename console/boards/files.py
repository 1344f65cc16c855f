"""The dashboard files, which Grafana loads too; they are read from disk again after each change."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import Any

_UID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_DECLARED = "panels.json"
MAX_BYTES = 4 * 1024 * 1024

log = logging.getLogger(__name__)


class Dashboards:
    """``directory`` has one JSON file per dashboard; ``panels.json`` next to it lists the panels that can be empty."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def list(self) -> list[dict[str, Any]]:
        """Return the uid, title and description of each dashboard: the overview first, the others by title."""
        found = [
            {"uid": board["uid"], "title": board.get("title", ""), "description": board.get("description", "")}
            for board in map(_read, sorted(self._directory.glob("*.json")))
            if board and board.get("uid")
        ]
        return sorted(found, key=lambda board: (not board["uid"].endswith("-overview"), board["title"]))

    def get(self, uid: str) -> dict[str, Any] | None:
        """Return a dashboard's JSON unchanged, or None if there is no such dashboard."""
        if not _UID.fullmatch(uid):
            return None
        for path in (self._directory / f"{uid}.json", *sorted(self._directory.glob("*.json"))):
            board = _read(path)
            if board and board.get("uid") == uid:
                return board
        return None

    def declared(self, uid: str) -> dict[str, Any]:
        """Return the declarations by panel title; ``data`` describes when the panel has data."""
        all_of_them = _read(self._directory.parent / _DECLARED) or {}
        found = all_of_them.get(uid, {})
        return found if isinstance(found, dict) else {}


def _read(path: Path) -> dict[str, Any] | None:
    try:
        if path.stat().st_size > MAX_BYTES:
            return None
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        log.error("the dashboard file %s cannot be read: %s", path.name, error)
        return None
    return content if isinstance(content, dict) else None
