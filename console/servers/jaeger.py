"""Jaeger's query interface: one trace by its id.

Parents are references (``CHILD_OF``); the kind of a span and its failure are tags, as in Jaeger's translation from
OpenTelemetry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from console.servers.errors import ServerError
from console.servers.http import JsonServer


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a span, such as an exception; ``at_us`` is µs since the epoch."""

    at_us: int
    name: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """One span; times in µs (``start_us`` since the epoch). ``parent_id`` is None for a root."""

    span_id: str
    parent_id: str | None
    service: str
    instance: str
    name: str
    kind: str
    start_us: int
    duration_us: int
    attributes: Mapping[str, Any]
    events: tuple[Event, ...]

    @property
    def end_us(self) -> int:
        """The end of the span, in µs since the epoch."""
        return self.start_us + self.duration_us

    @property
    def error(self) -> str | None:
        """Return the span's error as text; None if it has none."""
        attributes = self.attributes
        if attributes.get("error") is not True and attributes.get("otel.status_code") != "ERROR":
            return None
        said = attributes.get("otel.status_description") or attributes.get("error.type")
        return str(said or "error")


class Jaeger:
    """Reads traces."""

    def __init__(self, server: JsonServer) -> None:
        self._server = server

    def trace(self, trace_id: str) -> list[Span]:
        """Return the spans of a trace that have arrived so far; empty if Jaeger has none."""
        path = f"/api/traces/{trace_id}"
        reply = self._server.ask(path)
        if reply.status == 404:
            return []
        if reply.status != 200:
            raise self._server.bad(path, reply)
        return self._server.parsed(
            path, reply, lambda content: [span for trace in content["data"] or () for span in spans_of(trace)]
        )

    def has_page(self) -> bool:
        """Return whether Jaeger serves its web page: a build from its Go module serves only a placeholder."""
        try:
            return "<title>Jaeger UI</title>" in self._server.ask("/").text
        except ServerError:
            return False


def spans_of(trace: Mapping[str, Any]) -> list[Span]:
    """Return the spans of one trace in Jaeger's response, without duplicates."""
    processes = {
        key: (process.get("serviceName", "?"), _tags(process.get("tags")))
        for key, process in trace["processes"].items()
    }
    spans = {}
    for raw in trace["spans"]:
        service, resource = processes.get(raw.get("processID"), ("?", {}))
        tags = _tags(raw.get("tags"))
        spans[raw["spanID"]] = Span(
            span_id=raw["spanID"],
            parent_id=_parent(raw),
            service=service,
            instance=str(resource.get("service.instance.id", "")),
            name=raw["operationName"],
            kind=str(tags.get("span.kind", "internal")),
            start_us=int(raw["startTime"]),
            duration_us=int(raw["duration"]),
            attributes=tags,
            events=tuple(_event(log) for log in raw.get("logs") or ()),
        )
    return list(spans.values())


def _parent(raw: Mapping[str, Any]) -> str | None:
    for reference in raw.get("references") or ():
        if reference.get("refType") == "CHILD_OF" and reference.get("traceID") == raw.get("traceID"):
            return str(reference["spanID"])
    return None


def _event(log: Mapping[str, Any]) -> Event:
    fields = _tags(log.get("fields"))
    return Event(int(log["timestamp"]), str(fields.pop("event", "event")), fields)


def _tags(tags: Any) -> dict[str, Any]:
    return {tag["key"]: tag.get("value") for tag in tags or ()}
