"""Formatting of times and events."""

from __future__ import annotations

from datetime import UTC, datetime

from lab.drills.watch.timeline import Event, Kind


def moment(at: float) -> str:
    """Format a time as RFC 3339 in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def clock(at: float) -> str:
    """Format the time of day in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")


def seconds(value: float | None) -> str:
    """Format a measured duration; a dash if there is none."""
    return "–" if value is None else f"{value:.0f} s"


def event_line(event: Event) -> str:
    """Format an event as a line."""
    match event.kind:
        case Kind.NOTIFIED:
            return f"notified: {event.alert} to {event.receiver}: {event.text}"
        case Kind.RESOLVED:
            return f"resolved: {event.alert} to {event.receiver}"
        case Kind.MAILED | Kind.MAILED_RESOLVED:
            return f"e-mail: {event.text}"
        case Kind.BROKEN:
            return f"INJECTED: {event.text}"
        case Kind.CLEARED:
            return "CLEARED"
        case Kind.NOTE:
            return event.text
        case _:
            return f"{event.kind}: {event.alert} {event.text}".rstrip()
