"""Log lines in JSON."""

from __future__ import annotations

import json
import logging
import sys
import threading
from typing import Any

import pytest

from glasshouse_observability import Telemetry, context
from glasshouse_observability.logs.config import configure_logging
from glasshouse_observability.logs.formatter import JsonFormatter
from glasshouse_observability.settings import TelemetrySettings


def line(record: logging.LogRecord) -> dict[str, Any]:
    text = JsonFormatter("api", "api-1").format(record)
    assert "\n" not in text
    fields: dict[str, Any] = json.loads(text)
    return fields


def record(text: str = "hello", **extra: Any) -> logging.LogRecord:
    return logging.getLogger("shop").makeRecord("shop", logging.INFO, "f.py", 1, text, (), None, extra=extra)


def test_a_line_says_who_when_and_what() -> None:
    """A line has a UTC timestamp first, then level, logger, message, service, instance and the extra fields."""
    fields = line(record(order_id="ord_1"))
    assert next(iter(fields)) == "timestamp"
    assert fields["timestamp"].endswith("Z")
    assert fields | {"timestamp": ""} == {
        "timestamp": "",
        "level": "INFO",
        "logger": "shop",
        "message": "hello",
        "service": "api",
        "instance": "api-1",
        "order_id": "ord_1",
    }


def test_a_line_carries_the_ids_of_its_request_job_and_span(telemetry: Telemetry) -> None:
    """A log call within a span and a request adds their IDs automatically."""
    with telemetry.tracer("t").start_as_current_span("work") as span, context.bind_ids("request-1", "job-1"):
        fields = line(record())
    ids = span.get_span_context()
    assert fields["trace_id"] == format(ids.trace_id, "032x")
    assert fields["span_id"] == format(ids.span_id, "016x")
    assert (fields["request_id"], fields["job_id"]) == ("request-1", "job-1")
    assert "request_id" not in line(record())


def test_an_exception_is_fields_of_one_line() -> None:
    """An exception becomes fields of one line, and line breaks in a message do not break the line."""
    try:
        raise ValueError("no\nluck")
    except ValueError:
        made = logging.getLogger("shop").makeRecord("shop", logging.ERROR, "f.py", 1, "two\nlines", (), sys.exc_info())
    fields = line(made)
    assert fields["exception_type"] == "builtins.ValueError"
    assert fields["exception_message"] == "no\nluck"
    assert "Traceback" in fields["exception_stacktrace"]
    assert fields["message"] == "two\nlines"


@pytest.mark.filterwarnings("default")
def test_an_uncaught_exception_of_a_thread_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An uncaught exception of a thread is logged as one JSON line."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    try:
        configure_logging(TelemetrySettings(service="api", instance="api-1"))
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()
    finally:
        root.handlers[:], _ = before
        root.setLevel(before[1])
        logging.captureWarnings(False)
    fields = json.loads(capsys.readouterr().out)
    assert fields["level"] == "CRITICAL"
    assert fields["exception_type"] == "builtins.ZeroDivisionError"
