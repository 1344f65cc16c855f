"""Server-sent events: the log store is queried every second for new lines.

Polling is used instead of Loki's WebSocket, because it requires no other library and one second is fast enough. A
stream occupies a thread, so their number is limited and each stream ends after some minutes; the browser then
reconnects automatically.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from console.boards.queries import lines_for_page
from console.servers.errors import ServerError
from console.servers.loki import Loki

EVERY_SECONDS = 1.0
STREAM_SECONDS = 240.0
BATCH = 200
OVERLAP = timedelta(seconds=8)
"""Lines arrive out of order and late, so the last seconds are queried again and known lines are skipped."""
REMEMBERED = 4_000
LONGEST_GAP = timedelta(minutes=10)


class Tail:
    """Reads the lines that are new since the last poll."""

    def __init__(self, loki: Loki, query: str, now: Callable[[], datetime], since: datetime | None = None) -> None:
        self._loki, self._query, self._now = loki, query, now
        begin = now()
        # ``since`` comes from the browser: a value in the far past or in the future is ignored.
        is_near = since is not None and begin - LONGEST_GAP <= since <= begin
        self._start = since if since is not None and is_near else begin - timedelta(seconds=30)
        self._seen: dict[tuple[str, str, str], None] = {}
        self.is_behind = False
        """Whether the last poll found more lines than one response can hold, so that some are not shown."""

    def new(self) -> list[dict[str, Any]]:
        """Return the lines that were not returned before, oldest first."""
        end = self._now() + timedelta(seconds=2)
        found = lines_for_page(self._loki, self._query, self._start, end, BATCH)
        self._start = max(self._start, end - OVERLAP)
        fresh = []
        for line in reversed(found):
            key = (line["ns"], line["service"], line["message"])
            if key not in self._seen:
                self._seen[key] = None
                fresh.append(line)
        self.is_behind = len(fresh) == BATCH
        while len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return fresh


def events(
    tail: Tail, clock: Callable[[], float] = time.monotonic, pause: Callable[[float], None] = time.sleep
) -> Iterator[str]:
    """Yield ``lines``, ``behind`` and ``trouble``; a comment if there is nothing new, to detect a closed connection."""
    deadline = clock() + STREAM_SECONDS
    yield "retry: 2000\n\n"
    while clock() < deadline:
        try:
            lines = tail.new()
            yield _event("lines", lines, lines[-1]["ns"]) if lines else ": nothing new\n\n"
            if tail.is_behind:
                yield _event("behind", BATCH)
        except ServerError as error:
            yield _event("trouble", str(error))
        pause(EVERY_SECONDS)


def moment(ns: str) -> datetime | None:
    """Return the time of a line's ``ns``, None if it is invalid."""
    if not ns.isdigit() or len(ns) > 20:
        return None
    try:
        return datetime.fromtimestamp(int(ns) / 1e9, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _event(name: str, data: Any, identity: str = "") -> str:
    return f"event: {name}\n" + (f"id: {identity}\n" if identity else "") + f"data: {json.dumps(data)}\n\n"
