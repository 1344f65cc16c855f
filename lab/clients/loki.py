"""The log store's Loki API: log lines and counts of them."""

from __future__ import annotations

from typing import Any

from lab.clients.http import JsonServer


class Loki:
    """The server at ``url``. Every method raises ``NoAnswer``."""

    def __init__(self, url: str, timeout: float = 10.0) -> None:
        self._server = JsonServer("loki", url, timeout)

    def count_lines(self, query: str, start: float, end: float, limit: int = 100) -> int:
        """Return the number of matching lines between two times (seconds since the epoch), at most ``limit``."""
        asked = {"query": query, "start": _nanoseconds(start), "end": _nanoseconds(end), "limit": limit}
        streams = self._server.get("/loki/api/v1/query_range", **asked)["data"]["result"]
        return sum(len(stream["values"]) for stream in streams)

    def query(self, query: str) -> list[dict[str, Any]]:
        """Return the result of an instant metric query: rows with ``metric`` and ``value``."""
        found: list[dict[str, Any]] = self._server.get("/loki/api/v1/query", query=query)["data"]["result"]
        return found

    def values(self, query: str) -> list[float]:
        """Return the values of an instant metric query, one for each series."""
        return [float(row["value"][1]) for row in self.query(query)]


def _nanoseconds(at: float) -> str:
    return str(int(at * 1e9))
