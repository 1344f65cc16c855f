"""The worker tolerates what RQ tolerates, and one bad value loses nothing else."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest
import redis
from rq import SimpleWorker, Worker
from rq.job import Job

from library_support import rq_jobs
from library_support.rq_bench import RqBench

JOBS = "library_support.rq_jobs"
WORKERS = pytest.mark.parametrize("worker", [Worker, SimpleWorker])


def _enqueue_with_missing_class(bench: RqBench) -> Job:
    """Enqueue a job whose argument is of a class that the worker does not have."""
    module = types.ModuleType("only_here")
    exec("class Argument: pass", module.__dict__)
    module.Argument.__module__ = "only_here"
    sys.modules["only_here"] = module
    try:
        return bench.queue.enqueue(f"{JOBS}.succeed", module.Argument(), description="x")
    finally:
        del sys.modules["only_here"]


@WORKERS
def test_a_job_that_cannot_be_deserialised(bench: RqBench, worker: type[Worker]) -> None:
    """It fails, with the name of its function, and the worker continues (rq/rq#1872)."""
    bad = _enqueue_with_missing_class(bench)
    bench.queue.enqueue(rq_jobs.succeed)
    bench.work(worker)
    assert [(line["outcome"], line["job"]) for line in bench.lines("rq.job")] == [
        ("failed", f"{JOBS}.succeed"),
        ("finished", f"{JOBS}.succeed"),
    ]
    assert bad.get_status() == "failed"


@WORKERS
@pytest.mark.parametrize("function", ["no_such_module.f", f"{JOBS}.no_such_function", "builtins.no_such"])
def test_a_job_that_cannot_be_imported(bench: RqBench, worker: type[Worker], function: str) -> None:
    """It fails, and the worker continues."""
    bad, good = bench.queue.enqueue(function), bench.queue.enqueue(rq_jobs.succeed)
    bench.work(worker)
    assert (bad.get_status(), good.get_status()) == ("failed", "finished")
    assert [(line["outcome"], line["job"]) for line in bench.lines("rq.job")] == [
        ("failed", function),
        ("finished", f"{JOBS}.succeed"),
    ]


@pytest.mark.parametrize("data", [b"garbage", b"", b"\x80\x05]", b"[1]", b'["a'])
def test_data_that_is_no_job(bench: RqBench, data: bytes) -> None:
    """A job with other data than a serializer's fails, and the worker continues."""
    import zlib

    bad, good = bench.queue.enqueue(rq_jobs.succeed, description="?"), bench.queue.enqueue(rq_jobs.succeed)
    bench.connection.hset(bad.key, "data", zlib.compress(data))
    bench.work()
    assert (bad.get_status(), good.get_status()) == ("failed", "finished")
    assert bench.lines("rq.job")[0]["job"] in ("(unknown)", f"{JOBS}.succeed")
    assert bench.outcomes() == {"failed": 1, "finished": 1}


def test_a_meta_that_cannot_be_read(bench: RqBench) -> None:
    """RQ runs such a job, and so it is measured (rq/rq#1872)."""
    job = bench.queue.enqueue(rq_jobs.succeed)
    bench.connection.hset(job.key, "meta", b"garbage")
    bench.work()
    assert bench.outcomes() == {"finished": 1}


def test_times_that_cannot_be_read_do_not_break_a_scrape(bench: RqBench) -> None:
    """The age of such a job is missing, everything else is there, and the error is counted."""
    job = bench.queue.enqueue(rq_jobs.succeed)
    bench.connection.hset(job.key, mapping={"enqueued_at": "garbage", "meta": "garbage", "status": "garbage"})
    bench.telemetry.part(_parts()).queues.watch([bench.queue])
    assert bench.value("rq_queue_jobs", queue="orders", state="queued") == 1
    assert bench.value("rq_queue_oldest_job_age_seconds", queue="orders") is None
    assert (bench.value("rq_queue_scrape_errors_total") or 0) > 0


def _parts() -> Any:
    from glasshouse_observability.rq.parts import RqParts

    return RqParts


@WORKERS
@pytest.mark.parametrize("outcome", ["finished", "failed"])
def test_odd_attributes(bench: RqBench, worker: type[Worker], outcome: str) -> None:
    """A job may add attributes that cannot be sent: its outcome is RQ's, and its counts and good attributes arrive."""
    bench.queue.enqueue(rq_jobs.note_odd_values, outcome == "failed")
    bench.work(worker)
    assert bench.outcomes() == {outcome: 1}
    assert bench.value("things_total") == 1
    if bench.sampled or outcome == "failed":
        (span,) = bench.spans(" process")
        attributes = dict(span.attributes or {})
        assert (attributes["good"], attributes["colour"]) == ("kept", "red")
        assert [event.name for event in span.events] == ["happened"] + ["exception"] * (outcome == "failed")


@WORKERS
def test_counts_and_spans_of_jobs(bench: RqBench, worker: type[Worker]) -> None:
    """What jobs count is added exactly; their spans are children of the consumer's span."""
    with bench.request():
        for times in (2, 3, 5):
            bench.queue.enqueue(rq_jobs.count, times)
    bench.work(worker)
    assert bench.value("things_total") == 10
    inner = bench.spans("inner")
    if bench.sampled:
        parents = {span.context.span_id for span in bench.spans(" process") if span.context}
        assert {span.parent.span_id for span in inner if span.parent} == parents
        assert len(parents) == 3
    else:
        assert inner == []


def test_metrics_that_only_jobs_create(bench: RqBench) -> None:
    """The first import of a module with metrics may happen in a job: the parent exports their sums over all forks."""
    for _ in range(3):
        bench.queue.enqueue(rq_jobs.use_new_metrics)
    bench.work()
    assert bench.outcomes() == {"finished": 3}
    assert "library_support.rq_late_metrics" not in sys.modules
    assert bench.value("late_total", colour="red") == 6
    assert (bench.value("late_seconds_count"), bench.value("late_seconds_bucket", le="2.0")) == (3, 3)
    assert bench.value("late_seconds_bucket", le="1.0") == 0
    assert (bench.value("late_bytes_sum"), bench.value("late_bytes_count")) == (30, 3)
    try:
        # The parent may import the module later: then the sums are in its own metrics.
        rq_jobs.use_new_metrics()
        assert bench.value("late_total", colour="red") == 8
        assert bench.value("late_seconds_count") == 4
    finally:
        sys.modules.pop("library_support.rq_late_metrics", None)


@WORKERS
def test_exception_handlers(bench: RqBench, worker: type[Worker]) -> None:
    """The application's handlers are called as RQ calls them; one that returns false ends the chain."""
    job = bench.queue.enqueue(rq_jobs.fail)

    def first(job: Job, *exc_info: Any) -> None:
        bench.connection.rpush("handlers", f"first {exc_info[1]}")

    def second(job: Job, *exc_info: Any) -> bool:
        bench.connection.rpush("handlers", f"second {job.id == job_id}")
        return False

    def third(job: Job, *exc_info: Any) -> None:
        bench.connection.rpush("handlers", "third")

    job_id = job.id
    bench.work(worker, exception_handlers=[first, second, third])
    assert bench.connection.lrange("handlers", 0, -1) == [b"first no luck", b"second True"]
    assert bench.outcomes() == {"failed": 1}


@WORKERS
def test_arguments_are_not_logged(bench: RqBench, worker: type[Worker]) -> None:
    """RQ's line about an exception contains the arguments; ours replaces it (rq/rq#1499)."""
    bench.queue.enqueue(rq_jobs.fail_until, 10_000_019)
    bench.work(worker)
    assert "10000019" not in str([line for line in bench.lines() if line["logger"] != "rq.queue"])
    assert len(bench.lines("rq.job_failed")) == 1


class LosesRedis(Worker):
    """A worker whose work horse cannot reach Redis."""

    def prepare_job_execution(self, *args: Any, **options: Any) -> None:
        raise redis.ConnectionError("maximum number of clients reached")

    def handle_job_failure(self, *args: Any, **options: Any) -> None:
        if self.is_horse:
            raise redis.ConnectionError("maximum number of clients reached")
        super().handle_job_failure(*args, **options)


def test_a_work_horse_without_redis(bench: RqBench) -> None:
    """RQ fails a job whose work horse could not even start it: it has crashed (rq/rq#1553)."""
    job = bench.queue.enqueue(rq_jobs.succeed)
    bench.work(LosesRedis)
    assert job.get_status() == "failed"
    assert bench.outcomes() == {"crashed": 1}


class Interrupted(Worker):
    """A worker that loses Redis while it waits for its work horse."""

    def monitor_work_horse(self, *args: Any, **options: Any) -> None:
        raise redis.ConnectionError("gone")


def test_a_worker_that_loses_redis_during_a_job(bench: RqBench) -> None:
    """RQ's worker ends; the job is interrupted, with one line, count and span."""
    bench.queue.enqueue(rq_jobs.succeed)
    bench.work(Interrupted)
    assert bench.outcomes() == {"interrupted": 1}
    assert [line["level"] for line in bench.lines("rq.job")] == ["WARNING"]


def test_the_name_of_a_method(bench: RqBench) -> None:
    """A method is named with its class."""
    bench.queue.enqueue(rq_jobs.Player().play)
    bench.queue.enqueue("builtins.len", [1])
    bench.work()
    names = [line["job"] for line in bench.lines("rq.job")]
    assert names == [f"{JOBS}.Player.play", "builtins.len"]
    for name in names:
        assert bench.value("rq_jobs_enqueued_total", queue="orders", job=name) == 1


def test_two_workers_and_two_instrumentations(bench: RqBench) -> None:
    """A second call with the same telemetry does nothing, and a second worker neither fails nor counts twice."""
    from glasshouse_observability.rq import instrument_rq

    instrument_rq(bench.telemetry)
    for _ in range(2):
        bench.queue.enqueue(rq_jobs.succeed)
        bench.work()
    assert bench.outcomes() == {"finished": 2}
    assert len(bench.lines("rq.job")) == 2


def test_another_telemetry_is_refused(bench: RqBench) -> None:
    """RQ's classes exist once, so one telemetry receives the data; the error names what to call first."""
    from glasshouse_observability import AlreadyInstrumented, Telemetry, TelemetrySettings, instrument_rq

    with pytest.raises(AlreadyInstrumented, match="uninstrument_rq"):
        instrument_rq(Telemetry(TelemetrySettings(service="other", instance="other-1")))


@WORKERS
def test_a_coroutine(bench: RqBench, worker: type[Worker]) -> None:
    """RQ runs coroutine functions too; their code has the ids."""
    with bench.request():
        job = bench.queue.enqueue(rq_jobs.ids_of_coroutine)
    bench.work(worker)
    assert job.return_value()["trace"] == bench.trace_id
    assert bench.outcomes() == {"finished": 1}


@pytest.mark.parametrize(
    ("function", "outcome"),
    [(rq_jobs.succeed, "finished"), (rq_jobs.fail, "failed"), (rq_jobs.die, "crashed")],
)
def test_a_machine_without_files_for_reports(
    bench: RqBench, monkeypatch: pytest.MonkeyPatch, function: Any, outcome: str
) -> None:
    """Without a file for the report, the outcome is read from RQ; the error is counted."""

    def refuse() -> None:
        raise OSError("too many open files")

    monkeypatch.setattr("glasshouse_observability.rq.fork_report.open_file", refuse)
    bench.queue.enqueue(function)
    bench.work()
    assert bench.outcomes() == {outcome: 1}
    assert bench.value("telemetry_errors_total", where="rq.report") == 1


def test_a_report_that_cannot_be_written(bench: RqBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the report itself loses the counts, but not the outcome."""
    monkeypatch.setattr("glasshouse_observability.rq.in_fork.dump_span", lambda span: 1 / 0)
    monkeypatch.setattr("glasshouse_observability.rq.fork_report.collect", lambda *_: 1 / 0)
    bench.queue.enqueue(rq_jobs.count)
    bench.work()
    assert bench.outcomes() == {"finished": 1}


def test_uninstrument(bench: RqBench) -> None:
    """After ``uninstrument_rq`` RQ's classes have their own methods again, and nothing is observed."""
    from rq import Queue

    from glasshouse_observability.rq import instrument_rq, uninstrument_rq

    observed = (Worker.execute_job, Worker.perform_job, Worker.work, Queue.enqueue_call, Job.create)
    uninstrument_rq()
    uninstrument_rq()
    own = (Worker.execute_job, Worker.perform_job, Worker.work, Queue.enqueue_call, Job.create)
    assert not any(hasattr(method, "__wrapped__") for method in own)
    bench.queue.enqueue(rq_jobs.succeed)
    bench.work()
    assert bench.lines("rq.job") == []
    instrument_rq(bench.telemetry)
    assert all(hasattr(method, "__wrapped__") for method in observed)
