"""Alertmanager's interface: current alerts, and silences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    annotations: Mapping[str, str] = field(default_factory=dict)
    fingerprint: str = ""
    silenced_by: tuple[str, ...] = ()
    inhibited_by: tuple[str, ...] = ()
    receivers: tuple[str, ...] = ()


class Alertmanager:
    """Reads alerts, creates and ends silences."""

    def __init__(self, server: JsonServer) -> None:
        self._server = server

    def active(self) -> list[ActiveAlert]:
        """Return the firing alerts that are neither silenced nor inhibited."""
        asked = {"active": "true", "silenced": "false", "inhibited": "false"}
        return self._server.get("/api/v2/alerts", asked, alerts_of)

    def all(self) -> list[ActiveAlert]:
        """Return every alert, including silenced and inhibited ones."""
        return self._server.get("/api/v2/alerts", {}, alerts_of)

    def silences(self) -> list[dict[str, Any]]:
        """Return active and pending silences."""

        def parse(answer: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return [silence for silence in answer if silence["status"]["state"] != "expired"]

        return self._server.get("/api/v2/silences", {}, parse)

    def silence(self, matchers: list[dict[str, Any]], start: str, end: str, by: str, reason: str) -> str:
        """Create a silence and return its id."""
        path = "/api/v2/silences"
        body = {"matchers": matchers, "startsAt": start, "endsAt": end, "createdBy": by, "comment": reason}
        reply = self._server.ask(path, method="POST", body=body)
        if reply.status != 200:
            raise self._server.bad(path, reply)
        return self._server.parsed(path, reply, lambda content: str(content["silenceID"]))

    def end_silence(self, identity: str) -> bool:
        """End a silence; False if there is none."""
        path = f"/api/v2/silence/{identity}"
        reply = self._server.ask(path, method="DELETE")
        if reply.status not in (200, 404):
            raise self._server.bad(path, reply)
        return reply.status == 200


def alerts_of(answer: list[Mapping[str, Any]]) -> list[ActiveAlert]:
    """Return the alerts in Alertmanager's response."""
    return [
        ActiveAlert(
            name=alert["labels"].get("alertname", "?"),
            state=alert["status"]["state"],
            starts_at=alert["startsAt"],
            summary=alert["annotations"].get("summary", ""),
            labels=alert["labels"],
            annotations=alert["annotations"],
            fingerprint=str(alert.get("fingerprint", "")),
            silenced_by=tuple(alert["status"].get("silencedBy") or ()),
            inhibited_by=tuple(alert["status"].get("inhibitedBy") or ()),
            receivers=tuple(receiver["name"] for receiver in alert.get("receivers") or ()),
        )
        for alert in answer
    ]
