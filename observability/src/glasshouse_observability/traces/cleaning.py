"""Spans as they are exported: without secrets, and with values only that OTLP can encode.

It runs in the thread that exports, so it delays no request. A span without anything to change is returned as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanKind, Status

from glasshouse_observability.redaction import REDACTED, RedactionPolicy, redact_query
from glasshouse_observability.redaction_text import Redaction, Searches
from glasshouse_observability.safe import LONGEST_TEXT, safe_name, safe_text
from glasshouse_observability.traces.marks import REPAIRED, with_marks

_MOST_NANOSECONDS = 2**64
_MOST_SIGNED = 2**63
_MOST_SEEN = 256
_LONG = 80
"""Characters. A longer text is searched for secrets even without ``=`` or ``:``; every JSON Web Token is longer."""
_PARTS = (
    "name",
    "attributes",
    "events",
    "links",
    "status",
    "kind",
    "start_time",
    "end_time",
    "resource",
    "instrumentation_scope",
)


class CleanSpan(ReadableSpan):
    """A changed copy of a span; the numbers of what was dropped are the original's."""

    def __init__(self, original: ReadableSpan, **parts: Any) -> None:
        super().__init__(context=original.context, parent=original.parent, **parts)
        self._original = original

    @property
    def dropped_attributes(self) -> int:
        """The number of attributes that exceeded the limit of a span."""
        return self._original.dropped_attributes

    @property
    def dropped_events(self) -> int:
        """The number of events that exceeded the limit of a span."""
        return self._original.dropped_events

    @property
    def dropped_links(self) -> int:
        """The number of links that exceeded the limit of a span."""
        return self._original.dropped_links


class Cleaner:
    """Cleans spans by one redaction policy; ``count_repair`` is called for each span in which a value was replaced."""

    def __init__(self, policy: RedactionPolicy, count_repair: Callable[[], object]) -> None:
        self._policy, self._searches, self._count_repair = policy, Searches(policy), count_repair
        # Few objects that many spans share. They are kept here, so that no other object gets their identity.
        self._shared: dict[int, tuple[object, Any]] = {}

    def clean(self, span: ReadableSpan) -> ReadableSpan:
        """Return the span as it may be exported."""
        given = [getattr(span, part) for part in _PARTS]
        name, attributes, events, links, status, kind, start, end, resource, scope = given
        marks: list[str] = []
        found = [
            self._text("name", name, marks),
            self._attributes("", attributes, marks),
            self._each(events, self._event, marks),
            self._each(links, self._link, marks),
            self._status(status, marks),
            kind if issubclass(type(kind), SpanKind) else SpanKind.INTERNAL,
            _time(start),
            _time(end),
            self._once(resource, self._resource),
            self._once(scope, self._scope) if scope is not None else None,
        ]
        if marks:
            found[1] = {**found[1], REPAIRED: with_marks(attributes, marks)}
        if REPAIRED in found[1]:
            self._count_repair()
        if all(one is other for one, other in zip(given, found, strict=True)):
            return span
        return CleanSpan(span, **dict(zip(_PARTS, found, strict=True)))

    def _text(self, where: str, value: object, marks: list[str]) -> str:
        if type(value) is str and value.isascii() and len(value) <= LONGEST_TEXT:
            return self._searches.redact(value) if "=" in value or ":" in value or len(value) > _LONG else value
        repair = Redaction(self._policy, otlp=True)
        text = repair.text(value)
        if repair.replaced or not issubclass(type(value), str):
            marks.append(where)
        return text

    def _attributes(self, where: str, given: Mapping[str, Any], marks: list[str]) -> Mapping[str, Any]:
        found, is_same = {}, True
        for key, value in given.items():
            name = key
            if type(key) is not str or not key or not key.isascii():
                name = safe_name(key)
            found[name] = new = self._attribute(where + name, name, value, marks)
            is_same = is_same and new is value and name is key
        return given if is_same else found

    def _attribute(self, where: str, name: str, value: Any, marks: list[str]) -> Any:
        kind = type(value)
        if kind is bool or value is None or name == REPAIRED:
            return value
        if self._policy.is_secret(name):
            return REDACTED
        if kind is str:
            return self._text(where, redact_query(value, self._policy) if name == "url.query" else value, marks)
        if kind is float or (kind is int and -_MOST_SIGNED <= value < _MOST_SIGNED):
            return value
        repair = Redaction(self._policy, otlp=True)
        converted = repair.value(value)
        kept = _within_limit(converted) if type(converted) in (list, tuple) else converted
        if repair.replaced or kept is not converted:
            marks.append(where)
        return kept

    def _each(self, given: Sequence[Any], clean: Callable[[Any, list[str]], Any], marks: list[str]) -> Sequence[Any]:
        found = [clean(item, marks) for item in given]
        return given if all(one is other for one, other in zip(given, found, strict=True)) else found

    def _event(self, event: Event, marks: list[str]) -> Event:
        given = event.attributes or {}
        name, attributes = self._text("event.name", event.name, marks), self._attributes("event.", given, marks)
        at = _time(event.timestamp)
        if name is event.name and attributes is given and at is event.timestamp:
            return event
        return Event(name, attributes, at)

    def _link(self, link: Link, marks: list[str]) -> Link:
        given = link.attributes or {}
        attributes = self._attributes("link.", given, marks)
        return link if attributes is given else Link(link.context, attributes)

    def _status(self, status: Status, marks: list[str]) -> Status:
        if status.description is None:
            return status
        text = self._text("status", status.description, marks)
        return status if text is status.description else Status(status.status_code, text)

    def _once(self, shared: Any, clean: Callable[[Any], Any]) -> Any:
        known = self._shared.get(id(shared))
        if known is None:
            if len(self._shared) >= _MOST_SEEN:
                self._shared.clear()
            known = self._shared[id(shared)] = shared, clean(shared)
        return known[1]

    def _resource(self, resource: Resource) -> Resource:
        attributes = self._attributes("", resource.attributes, [])
        return Resource(attributes, safe_text(resource.schema_url))

    def _scope(self, scope: InstrumentationScope) -> InstrumentationScope:
        version = None if scope.version is None else safe_text(scope.version)
        schema_url = None if scope.schema_url is None else safe_text(scope.schema_url)
        return InstrumentationScope(safe_text(scope.name), version, schema_url, scope.attributes)


def _within_limit(texts: Sequence[Any]) -> Sequence[Any]:
    """Return the first texts of a sequence, ``LONGEST_TEXT`` characters together: receivers reject large batches."""
    characters = 0
    for number, text in enumerate(texts):
        characters += len(text) if type(text) is str else 0
        if number and characters > LONGEST_TEXT:
            return (*texts[:number], f"({len(texts) - number} items are left out)")
    return texts


def _time(value: Any) -> int | None:
    """Return a time in Unix nanoseconds, or ``None`` for any other value."""
    if value is None or (type(value) is int and 0 <= value < _MOST_NANOSECONDS):
        return value
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if 0 <= number < _MOST_NANOSECONDS else None
