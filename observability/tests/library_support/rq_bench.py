"""A queue on a real Redis, workers of it in this process, and what they log, count and trace."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redis
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import Counter
from rq import Queue, Worker

from glasshouse_observability import Telemetry, TelemetrySettings, context
from glasshouse_observability.logs.formatter import JsonFormatter
from glasshouse_observability.rq import instrument_rq, uninstrument_rq
from glasshouse_observability.traces.unsampled import UnsampledSpan
from library_support.rq_jobs import WORK


class RqBench:
    """A queue, its workers and their telemetry; ``sampled`` is whether jobs without a trace are sampled."""

    def __init__(self, url: str, sampled: bool = True, serializer: Any = None, name: str = "orders") -> None:
        self.sampled = sampled
        self.exporter = InMemorySpanExporter()
        settings = TelemetrySettings(
            service="worker",
            instance="worker-1",
            traces_per_second=1e5 if sampled else 0.0,
            trace_ratio=0.0,
            # A job that is slow because of the machine must have no span for that reason.
            slow_seconds=60.0,
        )
        self.telemetry = Telemetry(settings, exporter=self.exporter)
        self.connection = redis.Redis.from_url(url)
        self.connection.flushdb()
        self.queue = Queue(name, connection=self.connection, serializer=serializer)
        self.counter = Counter("things", "Things", registry=self.telemetry.registry)
        WORK.update(counter=self.counter, telemetry=self.telemetry, connection=self.connection, queue=self.queue)
        self._lines = Lines()
        logging.getLogger().addHandler(self._lines)
        self._level = logging.getLogger().level
        logging.getLogger().setLevel(logging.INFO)
        self.trace_id = self.span_id = ""
        if not sampled:
            # The first job of a budget is always sampled.
            self.telemetry.sampler.job(None)
        instrument_rq(self.telemetry)

    def close(self) -> None:
        uninstrument_rq()
        logging.getLogger().removeHandler(self._lines)
        self._lines.close()
        logging.getLogger().setLevel(self._level)
        self.telemetry.stop()
        self.connection.close()
        WORK.clear()

    @contextmanager
    def request(self, request_id: str = "request-1") -> Iterator[None]:
        """Within the block, code runs as within a request."""
        with context.bind_ids(request_id):
            if self.sampled:
                with self.telemetry.tracer("test").start_as_current_span("request") as span:
                    self._remember(span)
                    yield
                return
            span = UnsampledSpan()
            token = span.attach()
            try:
                self._remember(span)
                yield
            finally:
                otel_context.detach(token)

    def _remember(self, span: trace.Span) -> None:
        ids = span.get_span_context()
        self.trace_id, self.span_id = format(ids.trace_id, "032x"), format(ids.span_id, "016x")

    def work(self, kind: type[Worker] = Worker, **options: Any) -> None:
        """Run all jobs that are in the queue."""
        exception_handlers = options.pop("exception_handlers", None)
        arguments = {"connection": self.connection, "serializer": self.queue.serializer}
        worker = kind([self.queue], exception_handlers=exception_handlers, **arguments)
        worker.work(burst=True, logging_level="WARNING", **options)

    def lines(self, event: str | None = None) -> list[dict[str, Any]]:
        """Return the JSON lines with this event, of this process and of its work horses."""
        lines = [json.loads(line) for line in self._lines.read()]
        return [line for line in lines if event is None or line.get("event") == event]

    def value(self, name: str, **labels: str) -> float | None:
        return self.telemetry.registry.get_sample_value(name, labels)

    def outcomes(self) -> dict[str, int]:
        """Return the number of executions by outcome."""
        found: dict[str, int] = {}
        for family in self.telemetry.registry.collect():
            for sample in family.samples:
                if sample.name == "rq_job_duration_seconds_count" and sample.value:
                    outcome = sample.labels["outcome"]
                    found[outcome] = found.get(outcome, 0) + int(sample.value)
        return found

    def spans(self, end: str = "") -> list[ReadableSpan]:
        """Return the finished spans whose names end so."""
        self.telemetry.provider.force_flush()
        return [span for span in self.exporter.get_finished_spans() if span.name.endswith(end)]


class Lines(logging.Handler):
    """Keeps formatted lines in a file that forks share."""

    def __init__(self) -> None:
        super().__init__()
        self._file = tempfile.TemporaryFile("a+b", buffering=0)  # noqa: SIM115  (closed in ``close``)
        self.setFormatter(JsonFormatter("worker", "worker-1"))

    def emit(self, record: logging.LogRecord) -> None:
        self._file.write(self.format(record).encode() + b"\n")

    def close(self) -> None:
        super().close()
        self._file.close()

    def read(self) -> Sequence[bytes]:
        self._file.seek(0)
        return self._file.read().splitlines()
