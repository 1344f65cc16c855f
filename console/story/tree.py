"""The trace as a tree, with the log lines where they were written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from console.servers.jaeger import Span
from console.servers.loki import LogLine
from console.story.evidence import detached
from console.story.model import LogEntry, SpanNode, TracePart
from console.times import rfc3339

_SYSTEMS = ("db.system.name", "db.system", "messaging.system")
_PARTS = ("db.collection.name", "messaging.destination.name")
_ASKING = ("client", "producer")


def trace_part(
    trace_id: str, spans: Sequence[Span], lines: Sequence[LogLine], expected: frozenset[str]
) -> TracePart | None:
    """Return the tree of all spans and lines; None without spans.

    A span whose parent is missing is placed at the top level, and so is a line without a known span.
    """
    if not spans:
        return None
    began_us = min(span.start_us for span in spans)
    services = list(dict.fromkeys(span.service for span in sorted(spans, key=lambda span: span.start_us)))
    return TracePart(
        trace_id=trace_id,
        started_at=_time(began_us),
        duration_ms=(max(span.end_us for span in spans) - began_us) / 1000,
        services=tuple(services),
        spans=len(spans),
        errors=sum(span.error is not None for span in spans),
        missing=tuple(sorted(expected - set(services))),
        detached=len(detached(spans)),
        parts=_Tree(spans, lines, began_us).top(),
    )


def log_entry(line: LogLine, began_us: int | None = None) -> LogEntry:
    """Return the line as part of a story, with its offset if there is a beginning."""
    return LogEntry(
        at=_time(line.at_ns // 1000),
        offset_ms=None if began_us is None else line.at_ns / 1e6 - began_us / 1e3,
        service=line.service,
        level=line.level,
        message=line.message,
        event=line.fields.get("event", ""),
        span_id=line.span_id,
        trace_id=line.fields.get("trace_id") or None,
    )


class _Tree:
    """Children and lines by span; each span is placed once, even if references are circular."""

    def __init__(self, spans: Sequence[Span], lines: Iterable[LogLine], began_us: int) -> None:
        self._began_us = began_us
        self._unplaced = {span.span_id: span for span in sorted(spans, key=lambda span: span.start_us)}
        known = set(self._unplaced)
        self._children: dict[str | None, list[Span]] = defaultdict(list)
        for span in self._unplaced.values():
            self._children[span.parent_id if span.parent_id in known else None].append(span)
        self._lines: dict[str | None, list[LogEntry]] = defaultdict(list)
        for line in lines:
            entry = log_entry(line, began_us)
            self._lines[entry.span_id if entry.span_id in known else None].append(entry)

    def top(self) -> tuple[SpanNode | LogEntry, ...]:
        """Return the roots and the lines of no span."""
        nodes = [self._node(span) for span in self._children[None]]
        while self._unplaced:  # the remaining spans have circular references: invalid, but shown
            nodes.append(self._node(next(iter(self._unplaced.values()))))
        return _by_time(nodes, self._lines[None])

    def _node(self, span: Span) -> SpanNode:
        del self._unplaced[span.span_id]
        children = [self._node(child) for child in self._children[span.span_id] if child.span_id in self._unplaced]
        return SpanNode(
            span_id=span.span_id,
            parent_id=span.parent_id,
            service=span.service,
            instance=span.instance,
            name=span.name,
            kind=span.kind,
            peer=peer(span),
            offset_ms=(span.start_us - self._began_us) / 1000,
            duration_ms=span.duration_us / 1000,
            error=span.error,
            parts=_by_time(children, self._lines[span.span_id]),
        )


def _by_time(nodes: Iterable[SpanNode], entries: Iterable[LogEntry]) -> tuple[SpanNode | LogEntry, ...]:
    parts: list[SpanNode | LogEntry] = [*nodes, *entries]
    return tuple(sorted(parts, key=lambda part: part.offset_ms or 0.0))


def peer(span: Span) -> str:
    """Return the span's peer, if it has one: ``mongodb orders``, ``rq orders``, or an address."""
    if span.kind not in _ASKING:
        return ""
    attributes = span.attributes
    system = next((str(attributes[name]) for name in _SYSTEMS if attributes.get(name)), "")
    if not system:
        address, port = attributes.get("server.address", ""), attributes.get("server.port")
        return f"{address}:{port}" if address and port else str(address)
    part = next((str(attributes[name]) for name in _PARTS if attributes.get(name)), "")
    return f"{system} {part}".strip()


def _time(at_us: int) -> str:
    return rfc3339(datetime.fromtimestamp(at_us / 1e6, UTC))
