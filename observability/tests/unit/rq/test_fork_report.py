"""The report of a forked process's observations to its parent."""

from __future__ import annotations

import marshal
import os
import signal
from enum import IntEnum, StrEnum

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, Status, StatusCode
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary

from glasshouse_observability import Telemetry
from glasshouse_observability.rq import fork_report
from glasshouse_observability.rq.plain import plain
from glasshouse_observability.rq.spans import dump_span, load_span


class Metrics:
    """One metric of each kind, each with some observations."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.plain = Counter("plain_total", "", registry=self.registry)
        self.labelled = Counter("labelled_total", "", ["colour"], registry=self.registry)
        self.histogram = Histogram("seconds", "", ["job"], buckets=(1, 2), registry=self.registry)
        self.summary = Summary("bytes", "", registry=self.registry)
        self.gauge = Gauge("now", "", registry=self.registry)
        self.observe()

    def observe(self) -> None:
        self.plain.inc()
        self.labelled.labels("red").inc(2)
        self.histogram.labels("a").observe(1.5)
        self.summary.observe(10)
        self.gauge.set(5)

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)


def in_child(work: object, file: object) -> int:
    """Run ``work`` in a fork that exits as a work horse does, and return the wait status."""
    pid = os.fork()
    if pid == 0:
        work()  # type: ignore[operator]
        os._exit(0)
    return os.waitpid(pid, 0)[1]


def test_counters_histograms_and_summaries_of_a_fork_are_added() -> None:
    """The parent's metrics increase by exactly what the child added, and new series of the child appear."""
    metrics = Metrics()
    with fork_report.open_file() as file:

        def work() -> None:
            fork_report.reset(metrics.registry)
            metrics.observe()
            metrics.labelled.labels("blue").inc()
            fork_report.write(file, fork_report.ForkReport("finished", fork_report.collect_increases(metrics.registry)))

        assert in_child(work, file) == 0
        report = fork_report.read(file)
    assert report is not None
    assert report.outcome == "finished"
    fork_report.add_increases(metrics.registry, report.metrics)
    assert metrics.value("plain_total") == 2
    assert metrics.value("labelled_total", colour="red") == 4
    assert metrics.value("labelled_total", colour="blue") == 1
    assert metrics.value("seconds_count", job="a") == 2
    assert metrics.value("seconds_sum", job="a") == 3.0
    assert metrics.value("seconds_bucket", job="a", le="1.0") == 0
    assert metrics.value("seconds_bucket", job="a", le="2.0") == 2
    assert metrics.value("bytes_count") == 2
    assert metrics.value("now") == 5


def test_a_child_that_is_killed_leaves_no_report() -> None:
    """A child that is killed leaves no report, and half a report counts as none.

    The parent then reports the job as crashed.
    """
    with fork_report.open_file() as file:

        def work() -> None:
            file.write(marshal.dumps(("finished", [], []))[:-2])
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)

        assert os.WTERMSIG(in_child(work, file)) == signal.SIGKILL
        assert fork_report.read(file) is None


def test_more_than_a_pipe_holds_is_carried() -> None:
    """A report that is larger than a pipe's buffer does not block a child whose parent waits for its end."""
    with fork_report.open_file() as file:
        report = fork_report.ForkReport("finished", spans=[{"name": "x" * 1_000_000}])
        assert in_child(lambda: fork_report.write(file, report), file) == 0
        assert fork_report.read(file) == report


def test_a_span_survives_the_journey(telemetry: Telemetry, exporter: InMemorySpanExporter) -> None:
    """A span keeps its name, IDs, times, kind, attributes, events, links and status; the resource is the parent's."""
    tracer = telemetry.tracer("t")
    with tracer.start_as_current_span("outer", kind=SpanKind.CONSUMER) as outer:
        link = outer.get_span_context()
        with tracer.start_as_current_span("inner", attributes={"a": 1}) as inner:
            inner.add_event("happened", {"b": "2"})
            inner.add_link(link)
            inner.set_status(Status(StatusCode.ERROR, "oh"))
    telemetry.provider.force_flush()
    finished = exporter.get_finished_spans()
    assert [span.name for span in finished] == ["inner", "outer"]
    for span in finished:
        carried = marshal.loads(marshal.dumps(dump_span(span)))
        again = load_span(carried, telemetry.provider.resource)
        assert again.to_json() == span.to_json()
        assert again.instrumentation_scope == span.instrumentation_scope


class Colour(StrEnum):
    RED = "red"


class Number(IntEnum):
    ONE = 1


class Real(float):
    """A subclass of a built-in type, as numpy's numbers are."""


class Broken:
    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_a_value_of_any_type_loses_nothing_else() -> None:
    """Values that ``marshal`` does not accept become the built-in type that they are, or a text."""
    cyclic: list[object] = []
    cyclic.append(cyclic)
    odd = {"colour": Colour.RED, "number": Number.ONE, "real": Real(1.5), "cyclic": cyclic, "broken": Broken()}
    report = fork_report.ForkReport("finished", [("a", ("b",), [Real(2.0)])], attributes=odd)
    with fork_report.open_file() as file:
        fork_report.write(file, report)
        found = fork_report.read(file)
    assert found is not None
    assert found.metrics == [("a", ("b",), [2.0])]
    assert found.attributes is not None
    assert [found.attributes[name] for name in ("colour", "number", "real")] == ["red", 1, 1.5]
    assert [type(found.attributes[name]) for name in ("colour", "number", "real")] == [str, int, float]
    assert set(found.attributes) == set(odd)


def test_plain_values_stay() -> None:
    """Built-in values of any size stay as they are, even those that OTLP does not accept."""
    values = (None, True, 2**200, float("inf"), b"\xff", "\ud800", {"a": [1, (2, "x")], 3: None})
    assert plain(values) == values


def test_a_series_with_other_labels_is_not_added() -> None:
    """A metric of the parent with other labels or buckets than the child's is named; all others are added."""
    metrics = Metrics()
    increases: list[fork_report.Increase] = [
        ("labelled", ("red", "round"), [1.0]),
        ("seconds", ("a",), [1.0]),
        ("plain", (), [4.0]),
        ("missing", (), [1.0]),
    ]
    unknown, different = fork_report.add_increases(metrics.registry, increases)
    assert [name for name, *_ in unknown] == ["missing"]
    assert [name for name, *_ in different] == ["labelled", "seconds"]
    assert metrics.value("plain_total") == 5
