"""Capturing the signals of code in a test, and the pytest plugin."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import Counter, Gauge, Histogram

from glasshouse_observability import Telemetry, TelemetrySettings, context, instrument_flask
from glasshouse_observability.testing import capture
from glasshouse_observability.traces.unsampled import is_unsampled

SETTINGS = TelemetrySettings(service="api", instance="api-1", traces_per_second=0.0, trace_ratio=0.0)
_log = logging.getLogger("shop")


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry(SETTINGS)


@pytest.fixture
def app(telemetry: Telemetry) -> Flask:
    app = Flask("guestbook")

    @app.get("/guests/<name>")
    def guest(name: str) -> str:
        _log.info("read", extra={"guest": name})
        return name

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("broken")

    instrument_flask(app, telemetry)
    return app


def test_lines_spans_and_metrics_of_a_request_are_captured(app: Flask, telemetry: Telemetry) -> None:
    """One block has the lines with ids, the span although nothing is exported, and the increase of the counts."""
    app.test_client().get("/guests/eve")
    with capture(telemetry) as captured:
        app.test_client().get("/guests/ada")
    app.test_client().get("/guests/bob")
    read, request = captured.lines
    assert (read["message"], read["guest"], request["event"]) == ("read", "ada", "http.request")
    assert read["request_id"] == request["request_id"]
    (span,) = captured.spans
    assert span.name == "GET /guests/<name>"
    assert span.context is not None
    assert f"{span.context.trace_id:032x}" == request["trace_id"]
    assert captured.metric("http_server_request_duration_seconds_count", http_route="/guests/<name>") == 1
    assert captured.metric("http_server_request_duration_seconds_count", http_route="/broken") == 0


def test_work_that_is_not_sampled_can_be_tested(app: Flask, telemetry: Telemetry) -> None:
    """With ``sampled=False`` only failed work has a span, as in production above the budget."""
    with capture(telemetry, sampled=False) as captured:
        app.test_client().get("/guests/ada")
        assert captured.spans == []
        app.test_client().get("/broken")
    assert [span.name for span in captured.spans] == ["GET /broken"]
    assert captured.lines[-1]["http_response_status_code"] == 500


def test_without_an_argument_every_telemetry_is_captured() -> None:
    """Objects created before and in the block are captured, and the exporter receives the spans as well."""
    exporter = InMemorySpanExporter()
    early = Telemetry(SETTINGS, exporter=exporter)
    with capture() as captured:
        early.tracer("t").start_span("a").end()
        late = Telemetry(SETTINGS)
        late.tracer("t").start_span("b").end()
        Counter("late_total", "", registry=late.registry).inc(2)
    assert [span.name for span in captured.spans] == ["a", "b"]
    assert captured.metric("late_total") == 2
    early.stop()
    late.stop()
    assert [span.name for span in exporter.get_finished_spans()] == ["a"]


def test_samples_are_increases_and_gauges_are_current(telemetry: Telemetry) -> None:
    """Counters and histograms count from the beginning of the block; gauges have their value; labels select series."""
    counter = Counter("jobs_total", "", ["queue", "outcome"], registry=telemetry.registry)
    gauge = Gauge("waiting", "", registry=telemetry.registry)
    seconds = Histogram("took_seconds", "", registry=telemetry.registry)
    counter.labels("mail", "ok").inc(10)
    gauge.set(3)
    with capture(telemetry) as captured:
        counter.labels("mail", "ok").inc()
        counter.labels("mail", "failed").inc(2)
        counter.labels("print", "ok").inc(4)
        seconds.observe(0.25)
        gauge.set(5)
    counter.labels("mail", "ok").inc(100)
    assert captured.metric("jobs_total") == 7
    assert captured.metric("jobs_total", queue="mail") == 3
    assert captured.metric("jobs_total", queue="mail", outcome="failed") == 2
    assert captured.metric("jobs_total", queue="none") == 0
    assert captured.metric("took_seconds_sum") == 0.25
    assert captured.metric("waiting") == 5
    with pytest.raises(KeyError, match="no metric has a sample 'job_total'; similar: jobs_total"):
        captured.metric("job_total")


def test_a_test_can_start_again_with_zeros(telemetry: Telemetry) -> None:
    """``reset`` forgets what was captured up to then."""
    counter = Counter("jobs_total", "", registry=telemetry.registry)
    with capture(telemetry) as captured:
        counter.inc()
        _log.warning("one")
        captured.reset()
        counter.inc()
        _log.warning("two")
        assert captured.metric("jobs_total") == 1
        assert [line["message"] for line in captured.lines] == ["two"]


def test_an_unclosed_response_leaks_nothing(app: Flask, telemetry: Telemetry) -> None:
    """A response that is not closed leaves no id, note, span or sampling decision after the block."""
    for sampled in (True, False):
        before = trace.get_current_span(), context.request_id.get(), context.notes.get(), is_unsampled.get()
        with capture(telemetry, sampled=sampled, close_responses=False):
            response = app.test_client().get("/guests/ada", buffered=False)
            context.request_id.set("left-open-0001")
            is_unsampled.set(True)
        after = trace.get_current_span(), context.request_id.get(), context.notes.get(), is_unsampled.get()
        assert after == before
        response.close()


def test_secrets_are_redacted_as_in_production(telemetry: Telemetry) -> None:
    """Captured lines and spans are redacted, so that a test can search them for a planted secret."""
    with capture(telemetry) as captured:
        _log.warning("sent", extra={"password": "s3cr3t-value"})
        span = telemetry.tracer("t").start_span("x", attributes={"url.full": "http://a/?token=s3cr3t-value"})
        span.end()
    assert "s3cr3t-value" not in str(captured.lines)
    assert "s3cr3t-value" not in str(captured.spans[0].attributes)


def test_nothing_is_left_in_the_process(telemetry: Telemetry) -> None:
    """After the block the root logger has its handlers and level, and the sampler its budget."""
    root = logging.getLogger()
    before = list(root.handlers), root.level
    with capture(telemetry):
        assert telemetry.sampler.request("GET", None) is None
    assert (list(root.handlers), root.level) == before
    assert telemetry.sampler.request("GET", None) is not None


PLUGIN_TEST = """
import logging
import sys


def test_a_test_without_the_library_does_not_import_it():
    assert not [name for name in sys.modules if name.startswith(("opentelemetry", "prometheus_client", "flask"))]


def test_the_fixture(telemetry_capture):
    from glasshouse_observability import Telemetry, TelemetrySettings, context

    telemetry = Telemetry(TelemetrySettings(service="api", instance="1"))
    logging.getLogger("x").info("hello")
    telemetry.tracer("t").start_span("s").end()
    assert [line["message"] for line in telemetry_capture.lines] == ["hello"]
    assert [span.name for span in telemetry_capture.spans] == ["s"]
    context.request_id.set("left-open-0001")


def test_no_id_of_another_test_is_left():
    from glasshouse_observability import context

    assert context.request_id.get() is None
    context.request_id.set("left-open-0002")


def test_not_even_without_the_fixture():
    from glasshouse_observability import context

    assert context.request_id.get() is None
"""


def test_the_plugin_in_a_run_of_pytest(tmp_path: Path) -> None:
    """In a run of pytest, the fixture works, tests leak no ids, and the plugin imports nothing until it is used."""
    (tmp_path / "test_it.py").write_text(PLUGIN_TEST)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    plugin = ["-p", "glasshouse_observability.testing.plugin", str(tmp_path)]
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ran = subprocess.run([*command, *plugin], env=env, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert ran.returncode == 0, ran.stdout
    assert "4 passed" in ran.stdout
