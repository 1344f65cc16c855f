"""The story, built from recorded and from broken evidence."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from console.config.addresses import Addresses
from console.servers.alertmanager import alerts_of
from console.servers.inbox import emails_of
from console.servers.jaeger import Span, spans_of
from console.servers.loki import lines_of
from console.servers.prometheus import exemplars_of
from console.servers.shop import Order, order_of
from console.story import Evidence, build_story
from console.story.evidence import expected_services, missing_spans
from console.story.export import as_data
from console.story.model import LogEntry, SpanNode


@pytest.fixture
def evidence(recorded: Callable[[str], Any], addresses: Addresses) -> Evidence:
    """Return the complete evidence about one confirmed order, recorded from real servers."""
    order = order_of(recorded("order"))
    return Evidence(
        addresses,
        order_id=order.id,
        request_id=order.request_id,
        trace_id=order.trace_id,
        order=order,
        spans=spans_of(recorded("jaeger_trace")["data"][0]),
        lines=lines_of(recorded("loki_lines")),
        exemplars=exemplars_of(recorded("exemplars")),
        emails=emails_of(recorded("inbox"))[:1],
        alerts=alerts_of(recorded("alerts")),
    )


def walk(parts: tuple[SpanNode | LogEntry, ...]) -> Iterator[SpanNode | LogEntry]:
    """Yield all parts of a tree."""
    for part in parts:
        yield part
        if isinstance(part, SpanNode):
            yield from walk(part.parts)


def span(span_id: str, parent_id: str | None, service: str = "api", start_us: int = 0, **more: Any) -> Span:
    """Return a span of 10 µs."""
    values: dict[str, Any] = {"kind": "internal", "attributes": {}, "name": span_id} | more
    return Span(span_id, parent_id, service, "", values["name"], values["kind"], start_us, 10, values["attributes"], ())


def test_a_confirmed_order_is_shown_completely(evidence: Evidence) -> None:
    """The story of a confirmed order has its states, all three services, an exemplar and an e-mail, and no notes."""
    story = build_story(evidence)
    assert story.notes == ()
    assert story.order is not None
    assert story.trace is not None
    assert [state.status for state in story.order.states] == ["pending", "reserved", "paid", "confirmed"]
    assert story.order.states[0].after_ms == 0.0
    assert story.order.took_ms == story.order.states[-1].after_ms
    assert story.trace.services == ("api", "worker", "payments")
    assert story.trace.is_complete
    assert story.exemplar is not None
    assert story.exemplar.is_ours
    assert [mail.subject for mail in story.emails] == [f"Your order {evidence.order_id} is confirmed"]


def test_every_span_and_line_is_shown_once(evidence: Evidence) -> None:
    """The tree contains each span and each line exactly once, with children below their parents."""
    story = build_story(evidence)
    assert story.trace is not None
    assert evidence.spans is not None
    assert evidence.lines is not None
    nodes = [part for part in walk(story.trace.parts) if isinstance(part, SpanNode)]
    entries = [part for part in walk(story.trace.parts) if isinstance(part, LogEntry)]
    assert sorted(node.span_id for node in nodes) == sorted(one.span_id for one in evidence.spans)
    assert sorted(entry.at for entry in entries) == sorted(entry.at for entry in story.logs)
    assert len(entries) == len(evidence.lines)
    for node in nodes:
        for part in node.parts:
            assert isinstance(part, LogEntry) or part.parent_id == node.span_id
            assert isinstance(part, SpanNode) or part.span_id == node.span_id


def test_the_tree_goes_over_all_hops(evidence: Evidence) -> None:
    """API, queue, worker, payment service and its database are nested in the tree, and siblings are in time order."""
    story = build_story(evidence)
    assert story.trace is not None
    path, parts = [], story.trace.parts
    for name in ("POST /api/v1/orders", "orders publish", "orders process", "POST", "POST /v1/charges"):
        (node,) = [part for part in parts if isinstance(part, SpanNode) and part.name == name]
        offsets = [part.offset_ms or 0.0 for part in node.parts]
        assert offsets == sorted(offsets)
        path.append((node.service, node.peer))
        parts = node.parts
    assert [service for service, _ in path] == ["api", "api", "worker", "worker", "payments"]
    assert path[1][1] == "rq orders"
    assert [part.peer for part in parts if isinstance(part, SpanNode)] == ["mongodb charges"]


def test_a_line_of_no_span_stands_beside_the_root(evidence: Evidence) -> None:
    """A line of no span, such as NGINX's, is shown at the top level in time order."""
    story = build_story(evidence)
    assert story.trace is not None
    assert [part.service for part in story.trace.parts if isinstance(part, LogEntry)] == ["nginx"]


@pytest.mark.parametrize("missing", ["api", "worker", "payments"])
def test_a_missing_service_makes_it_incomplete(evidence: Evidence, missing: str) -> None:
    """A trace without spans of the API, the worker or the payment service is incomplete, and a note names it."""
    assert evidence.spans is not None
    evidence.spans = [one for one in evidence.spans if one.service != missing]
    story = build_story(evidence)
    assert story.trace is not None
    assert story.trace.missing == (missing,)
    assert not story.trace.is_complete
    assert any(missing in note and "Jaeger" in note for note in story.notes)


def test_a_missing_parent_makes_it_incomplete(evidence: Evidence) -> None:
    """If a parent span is missing, the trace is incomplete and its children are shown at the top level."""
    assert evidence.spans is not None
    evidence.spans = [one for one in evidence.spans if one.name != "orders publish"]
    story = build_story(evidence)
    assert story.trace is not None
    assert (story.trace.detached, story.trace.missing) == (3, ())
    assert "orders process" in [part.name for part in story.trace.parts if isinstance(part, SpanNode)]
    assert story.notes == ("Jaeger does not have the parents of spans that have arrived.",)


def test_a_clients_own_span_is_not_awaited() -> None:
    """The parent of the first span is not awaited, because it may belong to a client that traces itself."""
    spans = [span("root", "the client's"), span("child", "root", start_us=1)]
    assert missing_spans(spans, frozenset({"api"})) == ""


def test_a_circle_of_parents_is_still_shown(addresses: Addresses) -> None:
    """Spans whose parents form a cycle are all shown, and the tree is finite."""
    spans = [span("a", "b", start_us=1), span("b", "a", start_us=2), span("self", "self"), span("root", None)]
    story = build_story(Evidence(addresses, trace_id="t", spans=spans))
    assert story.trace is not None
    assert sorted(part.span_id for part in walk(story.trace.parts) if isinstance(part, SpanNode)) == [
        "a",
        "b",
        "root",
        "self",
    ]


def test_a_failed_span_says_why(addresses: Addresses) -> None:
    """A failed span shows the description of its status, or the type of the error without one."""
    said = {"otel.status_code": "ERROR", "error": True, "otel.status_description": "MailUnavailable: refused"}
    spans = [span("a", None, attributes=said), span("b", "a", attributes={"error": True}), span("c", "a")]
    story = build_story(Evidence(addresses, trace_id="t", spans=spans))
    assert story.trace is not None
    assert story.trace.errors == 2
    assert [part.error for part in walk(story.trace.parts) if isinstance(part, SpanNode)] == [
        "MailUnavailable: refused",
        "error",
        None,
    ]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (None, set()),
        (Order("o", "pending"), {"api"}),
        (Order("o", "cancelled"), {"api"}),
        (Order("o", "confirmed"), {"api", "worker", "payments"}),
        (Order("o", "failed", reason="payment_declined"), {"api", "worker", "payments"}),
        (Order("o", "failed", reason="out_of_stock:mug"), {"api", "worker"}),
    ],
)
def test_only_what_must_be_there_is_expected(order: Order | None, expected: set[str]) -> None:
    """Only services that the order's state requires are expected.

    An order without stock is never charged, and no worker has processed a pending or a cancelled one.
    """
    assert expected_services(order) == expected


def test_a_replaced_exemplar_is_said_to_be_anothers(evidence: Evidence) -> None:
    """If the order's exemplar was replaced, the newest of the same route is shown as another request's."""
    assert evidence.exemplars is not None
    evidence.exemplars = [one for one in evidence.exemplars if one.trace_id != evidence.trace_id]
    story = build_story(evidence)
    assert story.exemplar is not None
    assert not story.exemplar.is_ours
    assert story.exemplar.labels["http_route"] == "/api/v1/orders"
    assert story.exemplar.trace_id not in ("", evidence.trace_id)


def test_another_routes_exemplar_is_no_part_of_it(evidence: Evidence) -> None:
    """An exemplar of another route is not shown, and a note states that there is none."""
    assert evidence.exemplars is not None
    evidence.exemplars = [
        replace(one, series={**one.series, "http_route": "/elsewhere"}, labels={"trace_id": "other"})
        for one in evidence.exemplars
    ]
    story = build_story(evidence)
    assert story.exemplar is None
    assert story.notes == ("Prometheus has no exemplar for this route around that time.",)


def test_empty_answers_are_shown_as_gaps(evidence: Evidence) -> None:
    """Each server that has no data about the order is named in one note."""
    evidence.spans, evidence.lines, evidence.exemplars, evidence.emails = [], [], [], []
    story = build_story(evidence)
    assert story.trace is None
    assert story.notes == (
        "Jaeger does not have the trace's first spans.",
        "The log store has no log lines for this request.",
        "Prometheus has no exemplar for this route around that time.",
        "The console has no e-mail about this order.",
    )


def test_what_was_not_asked_is_no_gap(evidence: Evidence) -> None:
    """A server that could not be queried has only its own note, and nothing is concluded from its missing data."""
    evidence.spans = evidence.lines = evidence.exemplars = evidence.emails = evidence.alerts = None
    evidence.note("Log store does not respond.")
    evidence.note("Log store does not respond.")
    assert build_story(evidence).notes == ("Log store does not respond.",)


def test_without_a_trace_the_lines_stand_alone(evidence: Evidence) -> None:
    """Without a trace the log lines are shown without offsets."""
    evidence.spans = None
    story = build_story(evidence)
    assert story.trace is None
    assert [entry.offset_ms for entry in story.logs] == [None] * len(story.logs)


def test_a_pending_order_says_so(evidence: Evidence) -> None:
    """A pending order has a note, because the worker may be late or down."""
    evidence.order = Order(evidence.order_id, "pending", trace_id=evidence.trace_id)
    assert any("still pending" in note for note in build_story(evidence).notes)


def test_an_alert_that_is_only_a_heartbeat_is_left_out(evidence: Evidence) -> None:
    """An alert that is only a heartbeat is left out, and an alert with a severity is shown."""
    assert build_story(evidence).alerts == ()
    assert evidence.alerts is not None
    evidence.alerts = [replace(evidence.alerts[0], name="ApiErrorRatioHigh", labels={"severity": "page"})]
    assert [alert.name for alert in build_story(evidence).alerts] == ["ApiErrorRatioHigh"]


def test_links_lead_on(evidence: Evidence) -> None:
    """Each server is linked at its data about this order, and Jaeger's page only if there is one."""
    links = {link.title: link.url for link in build_story(evidence).links}
    assert links["Trace in Jaeger"] == f"http://127.0.0.1:16686/api/traces/{evidence.trace_id}"
    assert evidence.request_id in links["Log lines in the log store"]
    assert links["Console"] == f"http://127.0.0.1:8080/requests/{evidence.order_id}"
    assert "http_route%3D%22%2Fapi%2Fv1%2Forders%22" in links["Latency in Prometheus"]
    evidence.has_jaeger_page = True
    assert build_story(evidence).links[1].url == f"http://127.0.0.1:16686/trace/{evidence.trace_id}"


def test_an_absent_server_is_not_linked(evidence: Evidence) -> None:
    """A server that is not part of the installation has no link."""
    evidence.addresses = Addresses(api="", console="", prometheus="", alertmanager="", loki="", jaeger="")
    assert build_story(evidence).links == ()


def test_the_story_is_json(evidence: Evidence) -> None:
    """The export is plain JSON, and each part is marked as a span or a log line."""
    data = json.loads(json.dumps(as_data(build_story(evidence))))
    root = data["trace"]["parts"][0]
    assert (root["type"], root["service"], data["trace"]["is_complete"]) == ("span", "api", True)
    assert {part["type"] for part in root["parts"]} == {"span", "log"}
    assert data["order"]["took_ms"] > 0
