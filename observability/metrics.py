"""Prometheus metrics of one process: its registry, its buckets, and the internal port that serves them."""

from __future__ import annotations

import errno
import logging
import threading
import time
from collections.abc import Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, Gauge, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import ThreadingWSGIServer

from observability import multiprocess, prometheus_internals
from observability.exposition import metrics_app
from observability.fork_lock import ForkLock
from observability.settings import TelemetrySettings

_log = logging.getLogger(__name__)

LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Seconds. The boundaries that OpenTelemetry's HTTP semantic conventions recommend for request durations."""

OPERATION_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Seconds. For database and cache operations, close to OpenTelemetry's database conventions."""

JOB_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0)
"""Seconds. For jobs and for the time they wait in a queue."""

_fork_lock = ForkLock()
_fork_lock.register()


def new_registry(settings: TelemetrySettings) -> CollectorRegistry:
    """Return a new registry with the process, garbage-collector and platform metrics and ``service_info``.

    If several processes share their metrics, it has only ``service_info``, because the memory of one process is not
    that of the replica.
    """
    registry = CollectorRegistry()
    if not multiprocess.is_joined():
        # Otherwise any process with the variable in its environment, such as an RQ worker and its forks, would write
        # files.
        prometheus_internals.keep_values_in_memory()
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        PlatformCollector(registry=registry)
    Gauge(
        "service_info",
        "Name, version and environment of the service; the value is always 1",
        ["service_name", "service_version", "deployment_environment_name"],
        registry=registry,
        multiprocess_mode="livemax",
    ).labels(settings.service, settings.version, settings.environment).set(1)
    return registry


class _QuietHandler(WSGIRequestHandler):
    """A request handler that does not log scrapes, which arrive every few seconds."""

    def log_message(self, format: str, *args: Any) -> None:
        return


class MetricsServer:
    """Serves ``/metrics`` (OpenMetrics with exemplars, or the classic text) on an internal address."""

    def __init__(self, registry: CollectorRegistry, host: str, port: int, patience: float = 10.0) -> None:
        """Listen on ``host:port``; waits up to ``patience`` s for a port that a terminating process still holds.

        Raises:
            OSError: the port cannot be bound.
        """
        metrics = metrics_app(registry)

        def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            with _fork_lock.shared():
                answer: Iterable[bytes] = metrics(environ, start_response)
                return answer

        self._server = _listen(app, host, port, patience)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    def leave(self) -> None:
        """Close the port in a fork, which serves no requests, so that it is free when the parent has exited."""
        self._server.socket.close()

    def close(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()


def serve(registry: CollectorRegistry, host: str, port: int) -> MetricsServer | None:
    """Serve ``/metrics``, or nothing for port 0; if the port cannot be bound, log that and continue."""
    if not port:
        return None
    try:
        return MetricsServer(registry, host, port)
    except OSError as error:
        _log.error("cannot serve metrics on port %d: %s", port, error)
        return None


def _listen(app: Any, host: str, port: int, patience: float) -> Any:
    deadline = time.monotonic() + patience
    while True:
        try:
            return make_server(host, port, app, ThreadingWSGIServer, handler_class=_QuietHandler)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
