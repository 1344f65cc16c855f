"""Prometheus' HTTP API: instant queries and alerts."""

from __future__ import annotations

from typing import Any

from lab.clients.http import JsonServer


class Prometheus:
    """The server at ``url``. Every method raises ``NoAnswer``."""

    def __init__(self, url: str, timeout: float = 10.0) -> None:
        self._server = JsonServer("prometheus", url, timeout)

    @property
    def url(self) -> str:
        """The server's address, for messages."""
        return self._server.url

    def query(self, promql: str) -> list[dict[str, Any]]:
        """Return the rows of an instant query, with ``metric`` and ``value``, or ``values`` for a range selector."""
        found: list[dict[str, Any]] = self._server.get("/api/v1/query", query=promql)["data"]["result"]
        return found

    def values(self, promql: str) -> list[float]:
        """Return the values of an instant query, one for each series."""
        return [float(row["value"][1]) for row in self.query(promql)]

    def alerts(self) -> list[dict[str, Any]]:
        """Return pending and firing alerts: ``labels``, ``state``, ``activeAt``."""
        found: list[dict[str, Any]] = self._server.get("/api/v1/alerts")["data"]["alerts"]
        return found
