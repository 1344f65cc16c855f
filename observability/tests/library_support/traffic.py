"""Requests to WSGI applications as PEP 3333 describes them, and the signals that they leave."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.util import setup_testing_defaults

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from glasshouse_observability import Telemetry, TelemetrySettings
from glasshouse_observability.logs.formatter import JsonFormatter
from glasshouse_observability.logs.lines import CountedStream

COUNT = "http_server_request_duration_seconds_count"
SUM = "http_server_request_duration_seconds_sum"
BROKEN = "http_server_broken_responses_total"


class Call:
    """One request, made by hand: the parts of it are read when the test reads them."""

    def __init__(self, app: Callable[..., Iterable[bytes]], path: str = "/", **environ: Any) -> None:
        self.environ: dict[str, Any] = {"SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": "", **environ}
        self.sent: list[bytes] = []
        self.status, self.headers = "", list[tuple[str, str]]()
        setup_testing_defaults(self.environ)
        self.body = app(self.environ, self.start)

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        """Accept the start of the response, as a server does."""
        if exc_info and self.sent:
            raise exc_info[1].with_traceback(exc_info[2])
        assert not self.status or exc_info, "the response was started twice"
        self.status, self.headers = status, headers
        return self.sent.append

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def read(self, chunks: int | None = None) -> Call:
        """Read the body, or its first ``chunks`` chunks, and close it."""
        try:
            if chunks is None:
                self.sent.extend(self.body)
            else:
                reader = iter(self.body)
                self.sent.extend(next(reader) for _ in range(chunks))
        finally:
            self.close()
        return self

    def close(self) -> None:
        close = getattr(self.body, "close", None)
        if close is not None:
            close()


class Traffic:
    """A telemetry whose requests are all sampled or all unsampled, and everything that they have left."""

    def __init__(self, is_sampled: bool, **settings: Any) -> None:
        self.is_sampled, self.exporter, self.stream = is_sampled, InMemorySpanExporter(), io.StringIO()
        rates = {"traces_per_second": 1e5 if is_sampled else 0.0, "trace_ratio": 0.0, "slow_seconds": 3600.0}
        self.telemetry = Telemetry(
            TelemetrySettings(service="t", instance="i", **{**rates, **settings}), exporter=self.exporter
        )
        self.handler = CountedStream(self.stream)
        self.handler.setFormatter(JsonFormatter("t", "i"))

    def lines(self, logger: str | None = None) -> list[dict[str, Any]]:
        """Return the log lines so far, of one logger or of all."""
        found = [json.loads(line) for line in self.stream.getvalue().split("\n")[:-1]]
        return [line for line in found if logger in (None, line["logger"])]

    def requests(self) -> list[dict[str, Any]]:
        return self.lines("http.request")

    def spans(self) -> list[ReadableSpan]:
        self.telemetry.provider.force_flush()
        return list(self.exporter.get_finished_spans())

    def samples(self, name: str) -> dict[tuple[str, ...], float]:
        """Return the samples of this name that are not zero, by their label values."""
        return {
            tuple(sample.labels.values()): sample.value
            for family in self.telemetry.registry.collect()
            for sample in family.samples
            if sample.name == name and sample.value
        }

    def counted(self) -> dict[tuple[str, ...], float]:
        return self.samples(COUNT)

    def active(self) -> float | None:
        return self.telemetry.registry.get_sample_value("http_server_active_requests")

    def swallowed(self) -> dict[tuple[str, ...], float]:
        return self.samples("telemetry_errors_total")

    def one(self, call: Call | None = None, swallowed: str = "") -> dict[str, Any]:
        """Return the line of the only request so far, after comparing it with its count, its span and its headers.

        ``swallowed`` is where an error of the telemetry may occur, in sampled requests.
        """
        (line,) = self.requests()
        method, route, status = line["http_request_method"], line["http_route"], line["http_response_status_code"]
        assert self.counted() == {(method, route, str(status)): 1.0}
        assert self.active() == 0
        assert {where for (where,) in self.swallowed()} <= ({swallowed} if self.is_sampled else set())
        (seconds,) = self.samples(SUM).values()
        assert abs(seconds - line["duration_seconds"]) < 2e-6
        failed = line["level"] == "ERROR"
        assert failed == ("error_type" in line)
        broken = {(method, route, line.get("error_type")): 1.0} if failed and status < 500 else {}
        assert self.samples(BROKEN) == broken
        spans = [span for span in self.spans() if span.kind.name == "SERVER"]
        assert len(spans) == (1 if self.is_sampled or failed else 0)
        for span in spans:
            self._compare(span, line, failed)
        if call is not None:
            assert call.header("X-Request-ID") == [line["request_id"]]
            assert call.header("X-Trace-ID") == [line["trace_id"]]
            assert call.status[:3] == str(status)
        return line

    def _compare(self, span: ReadableSpan, line: dict[str, Any], failed: bool) -> None:
        attributes = dict(span.attributes or {})
        assert span.context is not None
        assert (format(span.context.trace_id, "032x"), format(span.context.span_id, "016x")) == (
            line["trace_id"],
            line["span_id"],
        )
        assert attributes["http.response.status_code"] == line["http_response_status_code"]
        assert attributes.get("http.route", "(unmatched)") == line["http_route"]
        assert attributes["http.request.method"] == line["http_request_method"]
        assert span.status.status_code.name == ("ERROR" if failed else "UNSET")
        assert attributes.get("error.type") == line.get("error_type")
        assert span.start_time is not None
        assert span.end_time is not None
        assert abs((span.end_time - span.start_time) / 1e9 - line["duration_seconds"]) < 2e-6
        shown = line["http_route"]
        name = "HTTP" if line["http_request_method"] == "_OTHER" else line["http_request_method"]
        assert span.name == (name if shown == "(unmatched)" else f"{name} {shown}")


def logging_to(traffic: Traffic, monkeypatch: Any) -> Iterator[Traffic]:
    """Give the root logger the traffic's handler only, as in a process of an adopter, while a test runs."""
    root, own = logging.getLogger(), logging.getLogger("http.request")
    monkeypatch.setattr(root, "handlers", [traffic.handler])
    root.setLevel(logging.INFO)
    # pytest adds a handler to the root logger; without it, request lines take the same direct way as in production.
    monkeypatch.setattr(own, "handlers", [traffic.handler])
    monkeypatch.setattr(own, "propagate", False)
    yield traffic
    root.setLevel(logging.WARNING)
    traffic.telemetry.provider.shutdown()
