"""Every way to enqueue a job carries the trace and the request id, and is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from rq import Queue, Worker
from rq.decorators import job as job_decorator
from rq.job import Job
from rq.serializers import JSONSerializer

from library_support import rq_jobs
from library_support.rq_bench import RqBench

try:
    from rq.group import Group
except ImportError:
    Group = None

try:
    from rq.cron import CronScheduler
except ImportError:
    CronScheduler = None

JOBS = "library_support.rq_jobs"


def _soon() -> datetime:
    return datetime.now(UTC) - timedelta(seconds=1)


def _decorated(queue: Queue) -> Job:
    decorate = job_decorator(queue, connection=queue.connection)
    return decorate(rq_jobs.ids).delay()


def _created(queue: Queue) -> Job:
    job = Job.create(rq_jobs.ids, connection=queue.connection, origin=queue.name, serializer=queue.serializer)
    return queue.enqueue_job(job)


def _dependent(queue: Queue) -> Job:
    return queue.enqueue(rq_jobs.ids, depends_on=queue.enqueue(rq_jobs.succeed))


def _many(queue: Queue) -> Job:
    return queue.enqueue_many([Queue.prepare_data(rq_jobs.ids, meta={"mine": 1}) for _ in range(2)])[1]


def _grouped(queue: Queue) -> Job:
    group = Group.create(connection=queue.connection)
    group.enqueue_many(queue, [Queue.prepare_data(rq_jobs.ids)])
    return group.get_jobs()[0]


def _in_pipeline(queue: Queue) -> Job:
    with queue.connection.pipeline() as pipe:
        job = queue.enqueue(rq_jobs.ids, pipeline=pipe)
        pipe.execute()
    return job


def _by_cron(queue: Queue) -> Job:
    cron = CronScheduler(connection=queue.connection)
    cron.register(rq_jobs.ids, queue.name, interval=60)
    cron.enqueue_jobs()
    return queue.jobs[0]


WAYS: dict[str, Callable[[Queue], Job]] = {
    "enqueue": lambda queue: queue.enqueue(rq_jobs.ids),
    "enqueue a name": lambda queue: queue.enqueue(f"{JOBS}.ids"),
    "enqueue_call": lambda queue: queue.enqueue_call(rq_jobs.ids),
    "enqueue_at": lambda queue: queue.enqueue_at(_soon(), rq_jobs.ids),
    "enqueue_in": lambda queue: queue.enqueue_in(timedelta(seconds=-1), rq_jobs.ids),
    "enqueue_many": _many,
    "@job": _decorated,
    "enqueue_job": _created,
    "depends_on": _dependent,
    "pipeline": _in_pipeline,
    "meta=None": lambda queue: queue.enqueue(rq_jobs.ids, meta=None),
    "meta": lambda queue: queue.enqueue(rq_jobs.ids, meta={"mine": 1}),
}
if Group is not None:
    WAYS["Group"] = _grouped
if CronScheduler is not None:
    WAYS["cron"] = _by_cron


@pytest.mark.parametrize("way", WAYS)
def test_the_job_belongs_to_the_request(bench: RqBench, way: str) -> None:
    """The job's code and its line have the trace and the request that enqueued it."""
    with bench.request():
        job = WAYS[way](bench.queue)
    bench.work(with_scheduler=True)
    found = job.return_value()
    assert found is not None, bench.lines()
    assert (found["trace"], found["request"], found["job"]) == (bench.trace_id, "request-1", job.id)
    assert found["enabled"] is bench.sampled
    (line,) = [line for line in bench.lines("rq.job") if line["job_id"] == job.id]
    assert (line["trace_id"], line["request_id"], line["job"]) == (bench.trace_id, "request-1", f"{JOBS}.ids")
    assert bench.value("rq_jobs_enqueued_total", queue="orders", job=f"{JOBS}.ids") == (
        2 if way == "enqueue_many" else 1
    )
    if bench.sampled:
        _is_nested(bench, job)


def _is_nested(bench: RqBench, job: Job) -> None:
    """The request's span is the parent of the producer's, and that of the consumer's."""
    (consumer,) = [one for one in bench.spans(" process") if (one.attributes or {})["messaging.message.id"] == job.id]
    producers = {format(one.context.span_id, "016x"): one for one in bench.spans(" publish") if one.context}
    assert consumer.parent is not None
    producer = producers[format(consumer.parent.span_id, "016x")]
    assert producer.parent is not None
    assert format(producer.parent.span_id, "016x") == bench.span_id


def test_a_job_outside_of_a_request(bench: RqBench) -> None:
    """A job that a script enqueues is sampled by the budget, and its line agrees."""
    job = bench.queue.enqueue(rq_jobs.ids)
    bench.work()
    (line,) = bench.lines("rq.job")
    assert line["trace_id"] == job.return_value()["trace"]
    assert "request_id" not in line
    assert line.get("trace_sampled", True) is bench.sampled
    assert len(bench.spans(" process")) == len(bench.spans(" publish")) == int(bench.sampled)


def test_a_job_that_enqueues_another(bench: RqBench) -> None:
    """The other job is in the same trace and request."""
    with bench.request():
        bench.queue.enqueue(rq_jobs.enqueue_another)
    bench.work()
    assert [(line["trace_id"], line["request_id"]) for line in bench.lines("rq.job")] == [
        (bench.trace_id, "request-1")
    ] * 2
    assert bench.value("rq_jobs_enqueued_total", queue="orders", job=f"{JOBS}.succeed") == 1


@pytest.mark.parametrize(
    "meta",
    [{"traceparent": 42, "request_id": 7}, {"traceparent": "mine", "request_id": "x" * 999}, {"tracestate": None}],
)
def test_the_applications_own_keys(bench: RqBench, meta: dict[str, Any]) -> None:
    """Keys of the application with our names stay; they matter neither to the job nor to the worker (rq/rq#892)."""
    before = dict(meta)
    with bench.request():
        job = bench.queue.enqueue(rq_jobs.succeed, meta=meta)
    bench.work()
    assert meta == before
    job.refresh()
    assert {key: job.meta[key] for key in meta} == meta
    assert bench.outcomes() == {"finished": 1}


def test_any_argument_of_the_job(bench: RqBench) -> None:
    """Arguments of the job may have any names (rq/rq-scheduler#171)."""
    named = {"call": 1, "queue": 2, "kind": 3, "job": 4, "parent": 5, "function": 6, "worker": 7, "span": 8, "name": 9}
    jobs = [
        bench.queue.enqueue(rq_jobs.named, **named),
        bench.queue.enqueue_call(rq_jobs.named, kwargs=named),
        bench.queue.enqueue_in(timedelta(seconds=-1), rq_jobs.named, **named),
        bench.queue.enqueue_at(_soon(), rq_jobs.named, **named),
    ]
    bench.work(with_scheduler=True)
    assert [job.return_value() for job in jobs] == [named] * 4


@pytest.mark.parametrize("meta", [["a", "list"], "text"])
def test_a_meta_that_is_no_dictionary(bench: RqBench, meta: Any) -> None:
    """RQ accepts any value, so it is left as it is."""
    with bench.request():
        job = bench.queue.enqueue(rq_jobs.succeed, meta=meta)
    bench.work()
    job.refresh()
    assert job.meta == meta
    assert bench.outcomes() == {"finished": 1}


def test_a_job_that_replaces_its_meta(bench: RqBench) -> None:
    """A retry belongs to the same trace, although the job has replaced its meta and saved it."""
    from rq import Retry

    with bench.request():
        job = bench.queue.enqueue(rq_jobs.replace_meta, retry=Retry(max=1))
    bench.work()
    assert {line["trace_id"] for line in bench.lines("rq.job")} == {bench.trace_id}
    assert bench.outcomes() == {"retried": 1, "finished": 1}
    job.refresh()
    assert job.meta["progress"] == 50


@pytest.fixture(params=[True, False], ids=["sampled", "unsampled"])
def json_bench(request: pytest.FixtureRequest, rq_redis: str) -> Iterator[RqBench]:
    bench = RqBench(rq_redis, request.param, JSONSerializer)
    yield bench
    bench.close()


def test_the_json_serializer(json_bench: RqBench) -> None:
    """What a job carries can be written as JSON."""
    with json_bench.request():
        job = json_bench.queue.enqueue(f"{JOBS}.ids")
    json_bench.work()
    assert job.return_value()["trace"] == json_bench.trace_id
    assert [line["job"] for line in json_bench.lines("rq.job")] == [f"{JOBS}.ids"]


def test_a_queue_that_runs_jobs_itself(bench: RqBench) -> None:
    """A queue with ``is_async=False`` runs the job within the call; it is traced and counted in that process."""
    queue = Queue("now", is_async=False, connection=bench.connection)
    with bench.request():
        queue.enqueue(rq_jobs.count, 3)
        queue.enqueue(rq_jobs.fail)
        queue.enqueue(rq_jobs.enqueue_another)
    assert [(line["outcome"], line["trace_id"]) for line in bench.lines("rq.job")] == [
        (outcome, bench.trace_id) for outcome in ("finished", "failed", "finished")
    ]
    assert bench.value("things_total") == 3
    assert bench.queue.count == 1


def test_a_producer_without_this_library(bench: RqBench) -> None:
    """Jobs that carry nothing run as those of any producer."""
    from glasshouse_observability.rq import instrument_rq, uninstrument_rq

    uninstrument_rq()
    job = bench.queue.enqueue(rq_jobs.ids)
    assert job.meta == {}
    instrument_rq(bench.telemetry)
    bench.work()
    assert [line["outcome"] for line in bench.lines("rq.job")] == ["finished"]


class OwnQueue(Queue):
    """A queue class of an application."""


class OwnJob(Job):
    """A job class of an application."""


class OwnWorker(Worker):
    """A worker class of an application, with a method of RQ's replaced as its documentation shows."""

    seen: ClassVar[list[str]] = []

    def perform_job(self, job: Job, queue: Queue, *rest: Any) -> bool:
        type(self).seen.append(job.id)
        return super().perform_job(job, queue, *rest)


def test_classes_of_the_application(bench: RqBench) -> None:
    """Subclasses, made before or after the call of ``instrument_rq``, are observed."""
    queue = OwnQueue("orders", connection=bench.connection, job_class=OwnJob)
    with bench.request():
        queue.enqueue(rq_jobs.succeed)
    OwnWorker([queue], connection=bench.connection, job_class=OwnJob, queue_class=OwnQueue).work(burst=True)
    (line,) = bench.lines("rq.job")
    assert (line["trace_id"], line["outcome"]) == (bench.trace_id, "finished")
