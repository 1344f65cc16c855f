"""What is imported: the core works without any framework or client, and an integration imports only its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CLIENTS = ("flask", "werkzeug", "rq", "pymongo", "redis", "requests", "gunicorn", "prometheus_flask_exporter")
BLOCK = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocker())
"""
CORE = """
import logging
from glasshouse_observability import Telemetry, note
from glasshouse_observability.testing import capture

with Telemetry.start("core", env={"OBSERVABILITY_METRICS_PORT": "0"}) as telemetry:
    with capture() as captured, telemetry.tracer("t").start_as_current_span("work"):
        logging.getLogger("x").info("hello")
        note("customer", "ada")
assert captured.lines[0]["trace_id"]
assert captured.spans[0].attributes["customer"] == "ada"
"""


def run(code: str, *blocked: str) -> str:
    """Run ``code`` in a process where the packages ``blocked`` are not installed; return its modules."""
    show = "\nprint(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    ran = subprocess.run(
        [sys.executable, "-c", BLOCK.format(blocked=blocked) + code + show],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stderr


def test_the_core_needs_no_framework_and_no_client() -> None:
    """Where none of them is installed, telemetry starts, logs, traces, serves and captures."""
    run(CORE, *CLIENTS)


def test_the_core_imports_no_framework_and_no_client() -> None:
    """Where they are installed, the core imports none of them."""
    assert not set(run(CORE).split()) & set(CLIENTS)


def test_the_exporter_is_imported_when_an_endpoint_is_set() -> None:
    """OTLP's exporter imports requests, so it is imported only for an endpoint."""
    start = "from glasshouse_observability import Telemetry\nTelemetry.start('x', env={}).stop()"
    endpoint = start.replace("{}", "{'OTEL_EXPORTER_OTLP_ENDPOINT': 'http://127.0.0.1:9'}")
    assert "requests" not in run(start).split()
    assert "requests" in run(endpoint).split()


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        ("rq", "from glasshouse_observability import instrument_rq; instrument_rq"),
        ("mongo", "from glasshouse_observability import instrument_mongo; instrument_mongo"),
        ("redis", "from glasshouse_observability import instrument_redis; instrument_redis"),
        ("requests", "from glasshouse_observability import instrument_requests; instrument_requests"),
    ],
)
def test_a_worker_imports_no_flask(extra: str, code: str) -> None:
    """The other integrations work where Flask is not installed."""
    others = {"flask", "werkzeug", "prometheus_flask_exporter", "gunicorn", "pymongo"} - {
        {"mongo": "pymongo"}.get(extra, extra)
    }
    run(code, *others)


def test_the_settings_need_the_standard_library_only() -> None:
    """Settings can be read where nothing else is installed, as in the launcher of an application."""
    code = "from glasshouse_observability import TelemetrySettings; TelemetrySettings.from_env({}, 'x')"
    run(code, *CLIENTS, "opentelemetry", "prometheus_client", "orjson", "pythonjsonlogger")


def test_a_missing_extra_is_named(tmp_path: Path) -> None:
    """Using an integration whose package is not installed fails with the extra to install."""
    code = """
from glasshouse_observability import Telemetry
from glasshouse_observability.versions import UnsupportedVersion, require
try:
    require("no-such-package", "1", "2", "flask")
except UnsupportedVersion as error:
    assert "glasshouse-observability[flask]" in str(error)
else:
    raise AssertionError
"""
    run(code, *CLIENTS)
