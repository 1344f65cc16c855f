"""An RQ worker on a real Redis: the parent process observes its work horses, whatever happens to them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from itertools import pairwise

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from glasshouse_observability import Telemetry
from glasshouse_observability.logs.formatter import JsonFormatter
from glasshouse_observability.rq.jobs import OUTCOMES
from glasshouse_observability.traces.unsampled import REASON
from tests.integration.conftest import Server
from tests.integration.shop.worker_bench import Bench


@pytest.fixture(params=[1, 10], ids=["a fork for each job", "a fork for ten jobs"])
def bench(
    request: pytest.FixtureRequest,
    redis_server: tuple[str, Server],
    telemetry: Telemetry,
    exporter: InMemorySpanExporter,
) -> Iterator[Bench]:
    bench = Bench(redis_server[0], telemetry, exporter, request.param)
    yield bench
    bench.close()


def test_one_trace_from_the_enqueuer_into_the_work_horse(bench: Bench) -> None:
    """One trace has placing, publishing, processing and an inner span, correctly nested, over queue and fork."""
    bench.enqueue("count_and_trace", 2)
    bench.work()
    spans = bench.spans()
    assert set(spans) == {"placing", "orders publish", "orders process", "inner"}
    chain = [spans[name] for name in ("inner", "orders process", "orders publish", "placing")]
    for child, parent in pairwise(chain):
        assert child.parent is not None
        assert parent.context is not None
        assert child.parent.span_id == parent.context.span_id
        assert child.parent.trace_id == parent.context.trace_id
    assert chain[-1].parent is None


def test_what_a_work_horse_counts_is_counted(bench: Bench) -> None:
    """Increments in work horses are counted exactly, over several jobs."""
    for times in (2, 3, 5):
        bench.enqueue("count_and_trace", times)
    bench.work()
    assert bench.telemetry.registry.get_sample_value("things_total") == 10
    assert bench.jobs("count_and_trace", "finished") == 3
    assert (
        bench.telemetry.registry.get_sample_value(
            "rq_job_wait_seconds_count",
            {"queue": "orders", "job": "tests.integration.shop.worker_bench.count_and_trace"},
        )
        == 3
    )


def test_a_failed_job_is_counted_logged_and_marked(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """A failed job has the outcome "failed", an error span, and a log line with the ids of its request and job."""
    bench.enqueue("fail")
    bench.work()
    assert bench.jobs("fail", "failed") == 1
    span = bench.spans()["orders process"]
    assert span.status.status_code.name == "ERROR"
    (line,) = [record for record in caplog.records if getattr(record, "event", "") == "rq.job"]
    assert line.__dict__["outcome"] == "failed"


def test_a_killed_work_horse_is_counted_and_leaves_its_span(bench: Bench) -> None:
    """A killed job has the outcome "crashed" and a span; its own counts are lost, and the worker continues."""
    bench.enqueue("die")
    bench.enqueue("count_and_trace", 1)
    bench.work()
    assert bench.jobs("die", "crashed") == 1
    assert bench.jobs("count_and_trace", "finished") == 1
    assert bench.telemetry.registry.get_sample_value("things_total") == 1


def test_a_job_of_a_request_that_is_not_sampled_leaves_no_span(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """A job of an unsampled request leaves no span in any process; its line has the request's trace id."""
    caplog.set_level(logging.INFO)
    # The ids are read when a line is written, within the job's context.
    caplog.handler.setFormatter(JsonFormatter("worker", "worker-1"))
    caller = bench.enqueue_unsampled("count_and_trace", 2)
    bench.work()
    assert bench.jobs("count_and_trace", "finished") == 1
    assert bench.telemetry.registry.get_sample_value("things_total") == 2
    assert bench.spans() == {}
    (line,) = [one for one in map(json.loads, caplog.text.splitlines()) if one.get("event") == "rq.job"]
    assert (line["trace_id"], line["trace_sampled"]) == (caller.trace_id, False)


@pytest.mark.parametrize(("function", "outcome"), [("fail", "failed"), ("die", "crashed")])
def test_a_job_that_is_not_sampled_and_fails_leaves_its_span(
    bench: Bench, caplog: pytest.LogCaptureFixture, function: str, outcome: str
) -> None:
    """A late span is in its request's trace with its reason, and the exception if the work horse survived."""
    caller = bench.enqueue_unsampled(function)
    bench.work()
    assert bench.jobs(function, outcome) == 1
    (span,) = bench.spans().values()
    assert span.context is not None
    assert span.parent is not None
    assert format(span.context.trace_id, "032x") == caller.trace_id
    assert format(span.parent.span_id, "016x") == caller.span_id
    attributes = dict(span.attributes or {})
    assert (attributes[REASON], attributes["error.type"]) == ("error", outcome)
    assert (span.name, span.status.status_code.name) == ("orders process", "ERROR")
    assert [event.name for event in span.events] == (["exception"] if outcome == "failed" else [])
    (line,) = [record for record in caplog.records if getattr(record, "event", "") == "rq.job"]
    assert line.__dict__["sampling_reason"] == "error"


def test_an_idle_worker_leaves_no_spans(bench: Bench) -> None:
    """Waiting and heartbeats of an idle worker leave no spans."""
    bench.work()
    assert bench.spans() == {}


def test_the_queue_exposes_its_depth_and_the_age_of_its_oldest_job(bench: Bench) -> None:
    """The depth of the queue and the age of its oldest job are read when Prometheus scrapes."""
    registry = bench.telemetry.registry
    assert registry.get_sample_value("rq_queue_oldest_job_age_seconds", {"queue": "orders"}) == 0
    bench.enqueue("fail")
    bench.enqueue("fail")
    assert registry.get_sample_value("rq_queue_jobs", {"queue": "orders", "state": "queued"}) == 2
    age = registry.get_sample_value("rq_queue_oldest_job_age_seconds", {"queue": "orders"})
    assert age is not None
    assert 0 < age < 60


def test_a_redis_that_is_down_makes_the_gauges_absent(bench: Bench, redis_server: tuple[str, Server]) -> None:
    """If Redis is down, the gauges are absent, not zero, and a counter increases."""
    redis_server[1].kill()
    registry = bench.telemetry.registry
    assert registry.get_sample_value("rq_queue_jobs", {"queue": "orders", "state": "queued"}) is None
    assert registry.get_sample_value("rq_queue_scrape_errors_total") == 2
    redis_server[1].start()


def test_jobs_known_in_advance_begin_at_zero(bench: Bench) -> None:
    """The first crash is an increase of an existing series."""
    assert [bench.jobs("count_and_trace", outcome) for outcome in OUTCOMES] == [0] * len(OUTCOMES)


def test_payloads_are_json_not_pickle(bench: Bench) -> None:
    """A client that can write to Redis must not be able to execute code in a worker."""
    bench.enqueue("count_and_trace", 1)
    raw = bench.connection.hgetall(bench.queue.jobs[0].key)
    assert isinstance(raw, dict)
    assert bench.queue.jobs[0].args == [1]
    assert json.loads(_inflated(raw[b"data"]))[2] == [1]


def _inflated(data: bytes) -> bytes:
    import zlib

    try:
        return zlib.decompress(data)
    except zlib.error:
        return data
