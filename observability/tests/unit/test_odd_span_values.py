"""Whatever a span is given, it arrives, with only the bad part replaced, and so do the spans of its batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from prometheus_client import CollectorRegistry

from glasshouse_observability import Telemetry, TelemetrySettings, context
from glasshouse_observability.exceptions import printable
from glasshouse_observability.traces.marks import REPAIRED
from glasshouse_observability.traces.provider import CountingExporter
from glasshouse_observability.traces.unsampled import UnsampledSpan
from library_support.odd_values import MAKE, BrokenError, broken, build, keys, values

THOROUGH = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
RESOURCE = Resource({"service.name": "api"})


class Traces:
    """A telemetry whose spans are collected; each of ``work`` is one span, sampled or created late."""

    def __init__(self) -> None:
        self.exporter, self.registry = InMemorySpanExporter(), CollectorRegistry()
        self.telemetry = Telemetry(TelemetrySettings(service="api", instance="i"), self.registry, self.exporter)
        self.tracer = self.telemetry.tracer("test")

    def work(self, sampled: bool, use: Any, name: str = "work") -> None:
        """Call ``use`` with a current span and end the span."""
        if sampled:
            with self.tracer.start_as_current_span(name) as span:
                use(span)
            return
        late = UnsampledSpan()
        with trace.use_span(late):
            use(late)
        self.telemetry.export(late.to_finished("error", name, SpanKind.SERVER, (1, 2), {"http.route": "/"}, RESOURCE))

    def spans(self) -> list[ReadableSpan]:
        """Return the exported spans; together they can be encoded, without losing an attribute."""
        self.telemetry.provider.shutdown()
        found = list(self.exporter.get_finished_spans())
        encoded = encode_spans(found)
        encoded.SerializeToString()
        attributes = [
            attribute
            for resource in encoded.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
            for attribute in [*span.attributes, *(a for event in span.events for a in event.attributes)]
        ]
        expected = sum(len(span.attributes or {}) + sum(len(e.attributes or {}) for e in span.events) for span in found)
        assert len(attributes) == expected
        return found

    def count(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)

    def only(self, sampled: bool, use: Any) -> ReadableSpan:
        """Return the span of ``use``, which arrives between two others."""
        for each, name in ((lambda span: None, "before"), (use, "work"), (lambda span: None, "after")):
            self.work(sampled, each, name)
        found = self.spans()
        assert [span.name for span in found if span.name in ("before", "after")] == ["before", "after"]
        assert self.count("telemetry_spans_exported_total", outcome="sent") == 3
        assert self.count("telemetry_spans_exported_total", outcome="lost") == 0
        (span,) = [span for span in found if span.name not in ("before", "after")]
        return span


@pytest.fixture(params=[True, False], ids=["sampled", "unsampled"])
def sampled(request: pytest.FixtureRequest) -> bool:
    value: bool = request.param
    return value


@THOROUGH
@given(st.booleans(), st.dictionaries(keys, values, max_size=3), values)
def test_any_attribute_event_and_status_arrives(is_sampled: bool, drawn: dict[Any, Any], value: Any) -> None:
    """A span with arbitrary attributes, events and status arrives with its plain attribute."""

    def use(span: Span) -> None:
        attributes: dict[Any, Any] = build(drawn)
        for name, item in attributes.items():
            span.set_attribute(name, item)
        span.set_attributes(build(drawn))
        span.set_attributes(build(value))
        span.add_event(build(value), build(drawn), build(value))
        span.add_event("second", build(value))
        span.set_status(StatusCode.ERROR, build(value))
        span.record_exception(RuntimeError(build(value)), build(drawn))
        context.note("noted", build(value))
        span.set_attribute("ok", "intact")

    span = Traces().only(is_sampled, use)
    assert (span.attributes or {})["ok"] == "intact"
    assert span.status.status_code is StatusCode.ERROR
    assert [event.name for event in span.events][1:] == ["second", "exception"]


@pytest.mark.parametrize("name", sorted(MAKE))
def test_each_odd_value_arrives(name: str, sampled: bool) -> None:
    """Each of the known odd values arrives as an attribute, in a container, in an event and as a status."""

    def use(span: Span) -> None:
        span.set_attribute("odd", MAKE[name]())
        span.set_attribute("within", [MAKE[name]()])
        span.add_event("event", {"odd": MAKE[name](), "ok": 1})
        span.set_status(StatusCode.ERROR, MAKE[name]())
        span.record_exception(ValueError(MAKE[name]()))
        span.set_attribute("ok", "intact")

    span = Traces().only(sampled, use)
    assert {"odd", "within", "ok"} <= set(span.attributes or {})
    assert [event.name for event in span.events] == ["event", "exception"]
    assert (span.events[0].attributes or {})["ok"] == 1


@pytest.mark.parametrize(
    ("value", "shown", "is_marked"),
    [
        ("a\ud800b", "a\ufffdb", True),
        (2**64, "18446744073709551616", True),
        (2**63 - 1, 2**63 - 1, False),
        (["a", "\udcff"], ("a", "\ufffd"), True),
        (broken("__str__")(), "<Broken: no text, because of ValueError>", True),
        (True, True, False),
        ("x" * 40_000, None, True),
        (["x" * 20_000] * 500, ("x" * 20_000, "(499 items are left out)"), True),
        (["x" * 10_000] * 3, ("x" * 10_000,) * 3, False),
    ],
    ids=range(9),
)
def test_what_is_replaced_is_marked(value: Any, shown: object, is_marked: bool, sampled: bool) -> None:
    """``telemetry.repaired`` names the attribute, and the span is counted."""
    traces = Traces()
    span = traces.only(sampled, lambda span: span.set_attribute("odd", value))
    attributes = span.attributes or {}
    assert shown is None or attributes["odd"] == shown
    assert attributes.get(REPAIRED) == (("odd",) if is_marked else None)
    assert traces.count("telemetry_spans_repaired_total") == (1 if is_marked else 0)


@pytest.mark.parametrize("how", ["start_as_current_span", "with start_span", "decorator"])
def test_an_exception_without_a_text_leaves_the_block(how: str) -> None:
    """The application gets its own exception, and the span describes it."""
    traces = Traces()

    def fail() -> None:
        if how == "start_as_current_span":
            with traces.tracer.start_as_current_span("work"):
                raise BrokenError
        if how == "with start_span":
            with traces.tracer.start_span("work"):
                raise BrokenError
        traces.tracer.start_as_current_span("work")(_raise)()

    with pytest.raises(BrokenError):
        fail()
    (span,) = traces.spans()
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "BrokenError: <BrokenError: no text, because of ValueError>"
    (event,) = span.events
    assert (event.attributes or {})["exception.type"] == "library_support.odd_values.BrokenError"
    assert "in fail" in str((event.attributes or {})["exception.stacktrace"]) or how == "decorator"


def _raise() -> None:
    raise BrokenError


def test_exceptions_are_the_same_on_both_ways() -> None:
    """A sampled span and one created late describe an exception with the same attributes."""
    found = []
    for is_sampled in (True, False):
        span = Traces().only(is_sampled, lambda span: span.record_exception(KeyError("\ud800")))
        found.append(dict(span.events[0].attributes or {}))
    assert found[0] == found[1]
    assert found[0]["exception.message"] == "'\\ud800'"


def test_an_exception_that_cannot_be_printed_gets_a_stand_in() -> None:
    """``printable`` returns an exception with the same name and traceback, or the exception itself."""
    plain = ValueError("x")
    assert printable(plain) is plain
    with pytest.raises(BrokenError) as caught:
        raise BrokenError
    found = printable(caught.value)
    assert (type(found).__name__, type(found).__module__) == ("BrokenError", BrokenError.__module__)
    assert str(found) == "<no text, because of ValueError>"
    assert found.__traceback__ is caught.value.__traceback__


@THOROUGH
@given(values, st.dictionaries(keys, values, max_size=2))
def test_any_argument_of_a_tracer_is_accepted(name: Any, drawn: dict[Any, Any]) -> None:
    """A span with an arbitrary name, attributes, links and scope is started and arrives."""
    traces = Traces()
    linked = SpanContext(1, 2, False, TraceFlags(1))
    tracer = traces.telemetry.provider.get_tracer("scope\ud800", "1\ud800")
    links = [Link(linked, {"ok": 1})]
    with tracer.start_as_current_span(build(name), attributes=build(drawn), links=links) as span:
        span.add_link(linked, build(drawn))
        span.update_name(build(name))
    (found,) = traces.spans()
    assert found.links[0].attributes == {"ok": 1}
    assert found.instrumentation_scope is not None
    assert found.instrumentation_scope.name == "scope\ufffd"
    assert isinstance(found.name, str)


def test_odd_parts_of_a_finished_span_are_replaced() -> None:
    """Times, kind, resource and scope of any type do not lose the span."""
    traces = Traces()
    odd = ReadableSpan(
        name=object(),  # type: ignore[arg-type]
        context=SpanContext(1, 2, False, TraceFlags(1)),
        resource=Resource({"service.name": "\ud800", "process.command_line": "run --token=abc"}),
        kind="server",  # type: ignore[arg-type]
        start_time=1.5,  # type: ignore[arg-type]
        end_time=-1,
        status=Status(StatusCode.ERROR, "\ud800"),
        events=[Event("\ud800", {"a": "\ud800"}, "now")],  # type: ignore[arg-type]
        attributes={None: 1, "ok": 1},  # type: ignore[dict-item]
        instrumentation_scope=InstrumentationScope("\ud800"),
    )
    traces.telemetry.export(odd)
    (span,) = traces.spans()
    assert (span.kind, span.start_time, span.end_time) == (SpanKind.INTERNAL, 1, None)
    assert span.resource.attributes["service.name"] == "\ufffd"
    assert span.resource.attributes["process.command_line"] == "run --token=REDACTED"
    assert (span.attributes or {})["ok"] == 1


class Encoding(SpanExporter):
    """An exporter that encodes its spans as the OTLP exporter does, and raises if that fails."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        encode_spans(spans).SerializeToString()
        self.names += [span.name for span in spans]
        return SpanExportResult.SUCCESS


def test_only_a_span_that_cannot_be_encoded_is_lost() -> None:
    """A span that nothing can repair is counted as lost; the others of its batch are sent."""
    registry, encoding = CollectorRegistry(), Encoding()
    exporter = CountingExporter(encoding, registry)
    ids = SpanContext(1, 2, False, TraceFlags(1))
    bad_ids: Any = SpanContext(1, 2, False, TraceFlags(1), trace_state=42)  # type: ignore[arg-type]
    spans = [ReadableSpan(name=f"span {number}", context=ids) for number in range(9)]
    spans.insert(4, ReadableSpan(name="bad", context=bad_ids))
    assert exporter.export(spans) is SpanExportResult.SUCCESS
    assert encoding.names == [f"span {number}" for number in range(9)]
    name = "telemetry_spans_exported_total"
    assert registry.get_sample_value(name, {"outcome": "sent"}) == 9
    assert registry.get_sample_value(name, {"outcome": "lost"}) == 1


def test_a_status_follows_the_rules_of_the_sdk(sampled: bool) -> None:
    """A status that is OK stays; "unset" and anything that is no status are ignored."""

    def use(span: Span) -> None:
        span.set_status(StatusCode.OK)
        span.set_status(StatusCode.ERROR, "late")
        span.set_status(StatusCode.UNSET)
        span.set_status("error")  # type: ignore[arg-type]

    assert Traces().only(sampled, use).status.status_code is StatusCode.OK


def test_values_are_those_of_the_moment_they_are_given(sampled: bool) -> None:
    """A list that changes after it was given does not change the span."""
    given_list = [1]

    def use(span: Span) -> None:
        span.set_attribute("list", given_list)
        given_list.append(2)

    assert (Traces().only(sampled, use).attributes or {})["list"] == (1,)
