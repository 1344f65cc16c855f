"""Jaeger's query API."""

from __future__ import annotations

import json
from typing import Any

from lab.clients.http import JsonServer


class Jaeger:
    """The server at ``url``. Every method raises ``NoAnswer``."""

    def __init__(self, url: str, timeout: float = 10.0) -> None:
        self._server = JsonServer("jaeger", url, timeout)

    def traces(
        self,
        service: str,
        start: float,
        end: float,
        longer_than: float | None = None,
        failed: bool = False,
        limit: int = 50,
    ) -> list[dict[str, Any]]:
        """Return traces with a span of ``service`` between two times (seconds since the epoch).

        ``longer_than`` (seconds) and ``failed`` apply to a span of that service.
        """
        asked: dict[str, Any] = {"service": service, "start": int(start * 1e6), "end": int(end * 1e6), "limit": limit}
        if longer_than:
            asked["minDuration"] = f"{int(longer_than * 1000)}ms"
        if failed:
            asked["tags"] = json.dumps({"error": "true"})
        return self._server.get("/api/traces", **asked)["data"] or []

    def has_trace(self, trace_id: str) -> bool:
        """Return whether at least one span of the trace is stored."""
        found = self._server.find(f"/api/traces/{trace_id}")
        return found is not None and bool(found["data"])
