"""The story as data. Offsets and durations are in ms; offset 0 is when the first span began."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StateEntry:
    """A state of the order and when it was reached."""

    status: str
    at: str
    after_ms: float | None
    """Since the order's first state."""


@dataclass(frozen=True, slots=True)
class OrderPart:
    """The order as the shop shows it."""

    id: str
    status: str
    is_final: bool
    reason: str
    total_cents: int | None
    currency: str
    items: tuple[str, ...]
    states: tuple[StateEntry, ...]

    @property
    def took_ms(self) -> float | None:
        """The time from the first to the last state."""
        return self.states[-1].after_ms if self.states else None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A log line; ``offset_ms`` is None if there is no trace."""

    at: str
    offset_ms: float | None
    service: str
    level: str
    message: str
    event: str
    span_id: str | None
    trace_id: str | None


@dataclass(frozen=True, slots=True)
class SpanNode:
    """A span with its children and its log lines in chronological order."""

    span_id: str
    parent_id: str | None
    service: str
    instance: str
    name: str
    kind: str
    peer: str
    """The peer of a client or producer span, such as ``mongodb orders``; empty for other spans."""
    offset_ms: float
    duration_ms: float
    error: str | None
    parts: tuple[SpanNode | LogEntry, ...]


@dataclass(frozen=True, slots=True)
class TracePart:
    """The trace: usually one root, and log lines that belong to the request but to none of its spans."""

    trace_id: str
    started_at: str
    duration_ms: float
    services: tuple[str, ...]
    spans: int
    errors: int
    missing: tuple[str, ...]
    """Services that the order must have passed through and that have no span yet."""
    detached: int
    """Spans whose parent has not arrived."""
    parts: tuple[SpanNode | LogEntry, ...]

    @property
    def is_complete(self) -> bool:
        """Whether all expected services are present and no span lacks its parent."""
        return not self.missing and not self.detached


@dataclass(frozen=True, slots=True)
class ExemplarPart:
    """The link from the metric to the trace; ``is_ours`` is true if the exemplar belongs to this request."""

    is_ours: bool
    trace_id: str
    metric: str
    labels: dict[str, str]
    seconds: float
    at: str


@dataclass(frozen=True, slots=True)
class EmailPart:
    """An e-mail about the order in the console's inbox."""

    id: int
    subject: str
    received_at: str
    url: str


@dataclass(frozen=True, slots=True)
class AlertPart:
    """An alert that is firing when the story is built."""

    name: str
    severity: str
    summary: str
    since: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link to more data."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Story:
    """The whole story. ``notes`` has one sentence for each missing item."""

    order: OrderPart | None
    request_id: str
    trace_id: str
    trace: TracePart | None
    logs: tuple[LogEntry, ...]
    """All log lines in chronological order, including those that are part of the trace."""
    exemplar: ExemplarPart | None
    emails: tuple[EmailPart, ...]
    alerts: tuple[AlertPart, ...]
    notes: tuple[str, ...]
    links: tuple[Link, ...]
