"""The story as JSON-ready data, for scripts and for the page."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from console.story.model import LogEntry, OrderPart, SpanNode, Story, TracePart

_TYPES: dict[type, str] = {SpanNode: "span", LogEntry: "log"}


def as_data(story: Story) -> dict[str, Any]:
    """Return nested dictionaries; ``type`` of each part of a trace is ``span`` or ``log``."""
    data = plain(story)
    assert isinstance(data, dict)
    return data


def plain(value: object) -> Any:
    """Return dataclasses as dictionaries and tuples as lists, at every depth."""
    if is_dataclass(value):
        data = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        if type(value) in _TYPES:
            data = {"type": _TYPES[type(value)], **data}
        if isinstance(value, OrderPart):
            data["took_ms"] = value.took_ms
        if isinstance(value, TracePart):
            data["is_complete"] = value.is_complete
        return data
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value
