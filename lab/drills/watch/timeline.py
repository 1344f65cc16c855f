"""The timeline of a drill: its events, and queries of the events of each alert. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from lab.drills.interfaces import AlertState, Message

PAGES, TICKETS = "pages", "tickets"
# The subjects that alerts/templates/message.tmpl writes.
_SUBJECT = re.compile(r"^(PAGE|TICKET|RESOLVED) ([A-Za-z0-9]+)")


class Kind(StrEnum):
    """The kinds of events."""

    BROKEN = "broken"
    CLEARED = "cleared"
    PENDING = "pending"
    FIRING = "firing"
    INACTIVE = "inactive"
    NOTIFIED = "notified"
    MAILED = "mailed"
    RESOLVED = "resolved"
    MAILED_RESOLVED = "mailed resolved"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Event:
    """``at``: seconds since the epoch. ``alert`` is empty without an alert, ``receiver`` without a notification."""

    at: float
    kind: Kind
    alert: str = ""
    text: str = ""
    receiver: str = ""
    severity: str = ""
    message: int = 0
    """The inbox item's id, which alerts of one notification share."""


@dataclass
class Timeline:
    """Events in the order of observation; a repeated observation adds only new events."""

    events: list[Event] = field(default_factory=list)
    _states: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, *events: Event) -> None:
        """Add events."""
        self.events += events

    def saw(self, alerts: Sequence[AlertState], now: float) -> list[Event]:
        """Add Prometheus' alerts and return the new events. Internal alerts (severity none) are omitted."""
        new: list[Event] = []
        seen: dict[tuple[str, str], str] = {}
        for alert in alerts:
            severity = alert.labels.get("severity", "")
            if severity == "none":
                continue
            key = (alert.name, str(sorted(alert.labels.items())))
            seen[key] = alert.state
            if self._states.get(key) == alert.state:
                continue
            known = key in self._states
            if not known:
                new.append(Event(alert.since, Kind.PENDING, alert.name, _said(alert), severity=severity))
            if alert.state == "firing":
                new.append(Event(now, Kind.FIRING, alert.name, _said(alert), severity=severity))
        for name, labels in self._states.keys() - seen.keys():
            if self._states[name, labels] == "firing":
                new.append(Event(now, Kind.INACTIVE, name))
        self._states = seen
        self.events += new
        return new

    def received(self, messages: Iterable[Message]) -> list[Event]:
        """Add inbox items and return the new events."""
        new = [event for message in messages for event in _of(message)]
        self.events += new
        return new

    def since(self, at: float) -> Timeline:
        """Return the events from this time on."""
        return Timeline([event for event in self.events if event.at >= at])

    def first(self, kind: Kind, names: Iterable[str], after: float = 0.0, receiver: str = "") -> Event | None:
        """Return the first event of this kind about one of these alerts."""
        names = set(names)
        fitting = [
            event
            for event in self.events
            if event.kind is kind
            and event.alert in names
            and event.at >= after
            and (not receiver or event.receiver == receiver)
        ]
        return min(fitting, key=lambda event: event.at, default=None)

    def notifications(self, receiver: str, after: float = 0.0) -> list[list[Event]]:
        """Return each firing notification to the receiver, as the events of its alerts."""
        found: dict[int, list[Event]] = {}
        for event in self.events:
            if event.kind is Kind.NOTIFIED and event.receiver == receiver and event.at >= after:
                found.setdefault(event.message, []).append(event)
        return [found[number] for number in sorted(found)]

    def in_order(self) -> list[Event]:
        """Return the events sorted by time."""
        return sorted(self.events, key=lambda event: event.at)


def _of(message: Message) -> list[Event]:
    content = message.content
    if message.kind == "email":
        match = _SUBJECT.match(str(content.get("subject", "")))
        if match is None:
            return []
        kind = Kind.MAILED_RESOLVED if match[1] == "RESOLVED" else Kind.MAILED
        receiver = {"PAGE": PAGES, "TICKET": TICKETS}.get(match[1], "")
        return [Event(message.at, kind, match[2], str(content["subject"]), receiver, message=message.id)]
    if message.kind != "alert":
        return []
    events = []
    for alert in content.get("alerts", []):
        labels: dict[str, Any] = alert.get("labels", {})
        firing = alert.get("status") == "firing"
        if firing and content.get("status") != "firing":
            continue
        events.append(
            Event(
                message.at,
                Kind.NOTIFIED if firing else Kind.RESOLVED,
                str(labels.get("alertname", "?")),
                str(alert.get("annotations", {}).get("summary", "")),
                str(content.get("receiver", "")),
                str(labels.get("severity", "")),
                message.id,
            )
        )
    return events


def _said(alert: AlertState) -> str:
    return " ".join(
        f"{name}={alert.labels[name]}" for name in ("service", "instance", "slo", "tier") if name in alert.labels
    )
