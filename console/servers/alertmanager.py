"""Alertmanager's interface: which alerts are active now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from console.servers.http import JsonServer


@dataclass(frozen=True, slots=True)
class ActiveAlert:
    """An alert that Alertmanager holds; ``state`` is active, suppressed or unprocessed."""

    name: str
    state: str
    starts_at: str
    summary: str
    labels: Mapping[str, str]


class Alertmanager:
    """Reads alerts."""

    def __init__(self, server: JsonServer) -> None:
        self._server = server

    def active(self) -> list[ActiveAlert]:
        """Return the alerts that fire now and are neither silenced nor inhibited."""
        asked = {"active": "true", "silenced": "false", "inhibited": "false"}
        return self._server.get("/api/v2/alerts", asked, alerts_of)


def alerts_of(answer: list[Mapping[str, Any]]) -> list[ActiveAlert]:
    """Return the alerts of Alertmanager's answer."""
    return [
        ActiveAlert(
            name=alert["labels"].get("alertname", "?"),
            state=alert["status"]["state"],
            starts_at=alert["startsAt"],
            summary=alert["annotations"].get("summary", ""),
            labels=alert["labels"],
        )
        for alert in answer
    ]
