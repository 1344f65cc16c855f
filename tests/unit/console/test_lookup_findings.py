"""The findings about a trace in plain words, and its critical path."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from console.lookup.findings import findings
from console.lookup.path import critical_path
from console.lookup.seen import amount
from console.servers.jaeger import Event, Span, spans_of
from console.servers.loki import LogLine

MS = 1_000


def span(name: str, parent: str | None, start: int, long: int, **more: Any) -> Span:
    """Return a span whose ID is its name; ``start`` and ``long`` are in ms."""
    values: dict[str, Any] = {"service": "payments", "kind": "internal", "attributes": {}, "events": ()} | more
    return Span(name, parent, values["service"], "", name, values["kind"], start * MS, long * MS, *_rest(values))


def _rest(values: dict[str, Any]) -> tuple[Any, Any]:
    return values["attributes"], values["events"]


def call(name: str, parent: str, start: int, long: int, **more: Any) -> Span:
    """Return a call of a worker to MongoDB."""
    attributes = {"db.system.name": "mongodb", "db.collection.name": "charges"} | more.pop("attributes", {})
    return span(name, parent, start, long, kind="client", attributes=attributes, **more)


def failed(**more: Any) -> dict[str, Any]:
    """Return the attributes of a span that failed."""
    return {"error": True, "otel.status_description": "boom", **more}


def kinds(spans: list[Span], lines: list[LogLine] | None = None) -> list[str]:
    """Return the kinds of the findings in the order in which they are shown."""
    return [one["kind"] for one in findings(spans, lines or [])]


def path_ms(spans: list[Span]) -> dict[str, list[tuple[float, float]]]:
    """Return the critical path in ms."""
    return {name: [(a / MS, b / MS) for a, b in pieces] for name, pieces in critical_path(spans).items()}


def test_the_path_leads_through_who_was_waited_for() -> None:
    """Of two parallel calls the longer one is on the path, and gaps belong to the caller."""
    spans = [span("root", None, 0, 100), span("short", "root", 10, 20), span("long", "root", 10, 60)]
    assert path_ms(spans) == {"root": [(0, 10), (70, 100)], "long": [(10, 70)]}


def test_a_job_is_waited_for_after_its_request() -> None:
    """A job is on the path after its request has ended, and its time in the queue belongs to no span."""
    spans = [span("post", None, 0, 20), span("publish", "post", 10, 5), span("job", "publish", 50, 100)]
    assert path_ms(spans) == {"post": [(0, 10)], "publish": [(10, 15)], "job": [(50, 150)]}


@pytest.mark.parametrize(
    "spans",
    [
        [],
        [span("alone", "lost", 5, 0)],
        [span("a", "b", 0, 10), span("b", "a", 0, 10)],
        [span("self", "self", 0, 10)],
        [span("root", None, 10, 10), span("early", "root", 0, 5), span("late", "root", 15, 100)],
        [span(f"{number}", f"{number - 1}" if number else None, number, 5000 - number) for number in range(3000)],
    ],
    ids=["none", "orphan", "circle", "self", "clocks that differ", "deep"],
)
def test_broken_traces_have_a_path_too(spans: list[Span]) -> None:
    """In a broken trace no piece of the path is negative or outside its span, and no error is raised."""
    by_id = {one.span_id: one for one in spans}
    for span_id, pieces in critical_path(spans).items():
        for start, end in pieces:
            assert by_id[span_id].start_us <= start < end <= by_id[span_id].end_us
    findings(spans, [])


def test_the_whole_path_is_as_long_as_the_trace(recorded: Callable[[str], Any]) -> None:
    """On a recorded trace no piece of the path is counted twice, and the sum does not exceed the trace's duration."""
    spans = [one for trace in recorded("jaeger_trace")["data"] for one in spans_of(trace)]
    pieces = sorted(piece for found in critical_path(spans).values() for piece in found)
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(pieces))
    whole = max(one.end_us for one in spans) - min(one.start_us for one in spans)
    assert 0.5 * whole < sum(end - start for start, end in pieces) <= whole


def test_a_missing_index_is_named_first() -> None:
    """A missing index is the first finding, before the slow call below it and a failure.

    It names the plan, the collection and the number of documents read.
    """
    plan = {"mongodb.plan": "COLLSCAN", "mongodb.docs_examined": 1_234_567, "db.collection.name": "charges"}
    spans = [
        span("job", None, 0, 5200, service="worker", kind="consumer"),
        span("check repeats", "job", 100, 5000, attributes=plan),
        call("payments.aggregate", "check repeats", 110, 4900),
        span("mail", "job", 5110, 10, attributes=failed()),
    ]
    found = findings(spans, [])
    assert found[0]["title"] == "5.00 s of 5.20 s: payments · check repeats scans the whole collection charges"
    assert found[0]["text"].startswith("COLLSCAN without an index, 1.2 million documents examined")
    assert found[0]["span_id"] == "check repeats"
    assert [one["kind"] for one in found] == ["scan", "error"]


def test_a_plan_may_stand_in_an_event_or_a_log_line() -> None:
    """A plan in an event or in a log line is reported for its span."""
    event = Event(0, "plan", {"plan": "COLLSCAN", "docsExamined": "12000", "nReturned": "3"})
    line = LogLine(0, "slow", {"span_id": "b", "plan": "COLLSCAN", "collection": "orders"})
    spans = [span("root", None, 0, 100), call("a", "root", 0, 40, events=(event,)), call("b", "root", 50, 40)]
    texts = {one["span_id"]: one["title"] + one["text"] for one in findings(spans, [line])}
    assert "12 thousand documents examined, 3 returned." in texts["a"]
    assert "scans the whole collection charges" in texts["b"]


def test_a_failure_is_reported_where_it_began() -> None:
    """Equal failures are reported once, where they began, with the exception's message and the later failures."""
    said = (Event(0, "exception", {"exception.type": "pymongo.NetworkTimeout", "exception.message": "timed out"}),)
    spans = [
        span("POST", None, 0, 100, service="worker", attributes=failed()),
        span("charge", "POST", 0, 100, attributes=failed(), events=said),
        call("find", "charge", 0, 40, attributes=failed()),
        span("again", "POST", 50, 40, attributes=failed()),
        call("find", "again", 50, 40, attributes=failed()),
    ]
    found = [one for one in findings(spans, []) if one["kind"] == "error"]
    assert found[0]["title"] == "payments · find (mongodb charges) failed twice, after 40 ms"
    assert found[0]["text"] == "NetworkTimeout: timed out. Failed callers: payments · charge, worker · POST."


def test_tries_are_counted() -> None:
    """Jobs that ran again and calls that were repeated after a failure are counted."""
    spans = [
        span("publish", None, 0, 1, kind="producer", service="api"),
        span("one", "publish", 1, 100, kind="consumer", service="worker"),
        call("post", "one", 2, 20, attributes=failed()),
        call("post2", "one", 30, 20),
    ]
    twins = [
        *spans[:3],
        Span("second", "one", "payments", "", "post", "client", 80 * MS, 10 * MS, spans[2].attributes, ()),
    ]
    assert "retry" not in kinds(spans)
    found = next(one for one in findings(twins, []) if one["kind"] == "retry")
    assert found["title"] == "payments · post (mongodb charges) was attempted twice"
    assert "88 ms in total, of which 58 ms between attempts" in found["text"]


def test_a_wait_in_the_queue_is_reported() -> None:
    """A long wait in the queue, from publishing to the start of the job, is reported, and a short one is not."""
    sent = span("publish", None, 0, 10, kind="producer", service="api")
    late = span("job", "publish", 5010, 100, kind="consumer", service="worker")
    found = findings([sent, late], [])[0]
    assert found["title"] == "5.00 s of 5.11 s: the job job waited for a worker"  # prose: ignore
    assert kinds([sent, span("job", "publish", 30, 100, kind="consumer", service="worker")]) == ["longest"]


def test_many_equal_calls_are_reported() -> None:
    """Eight or more equal calls under one parent are reported if they took time."""
    many = [call(f"{n}", "root", n * 20, 15) for n in range(8)]
    equal = [
        Span(one.span_id, "root", "api", "", "find", "client", one.start_us, one.duration_us, one.attributes, ())
        for one in many
    ]
    assert kinds([span("root", None, 0, 160), *equal]) == ["repeated"]
    assert findings([span("root", None, 0, 160), *equal], [])[0]["title"].endswith(
        "api · find (mongodb charges), 8 times"
    )
    assert kinds([span("root", None, 0, 160), *many]) == []


def test_nothing_peculiar_is_nothing_said() -> None:
    """A fast request, or one whose time is spread, has no finding that needs an explanation."""
    assert findings([], []) == []
    assert kinds([span("fast", None, 0, 40)]) == []
    assert kinds([span("slow", None, 0, 400)]) == ["longest"]


@pytest.mark.parametrize(
    ("count", "words"),
    [(7, "7"), ("9999", "9999"), (12_000, "12 thousand"), ("1234567", "1.2 million"), ("many", "many")],
)
def test_counts_are_written_as_one_says_them(count: object, words: str) -> None:
    """Large counts are abbreviated, and a text that is not a number is unchanged."""
    assert amount(count) == words
