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
"""Seconds. The boundaries that OpenTelemetry's HTTP semantic conventions advise for request durations."""

OPERATION_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Seconds. For database and cache operations, about OpenTelemetry's database conventions."""

JOB_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0)
"""Seconds. For jobs and for the time they wait in a queue."""

_fork_lock = ForkLock()
_fork_lock.register()


def new_registry(settings: TelemetrySettings) -> CollectorRegistry:
    """A fresh registry with the process, garbage-collector and platform metrics and ``service_info``.

    Of several processes that share their metrics no single one's memory is the replica's: only ``service_info`` then.
    """
    registry = CollectorRegistry()
    if not multiprocess.is_joined():
        # Else any process with the setting in its environment, such as an RQ worker and its forks, would write files.
        prometheus_internals.keep_values_in_memory()
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        PlatformCollector(registry=registry)
    Gauge(
        "service_info",
        "What runs here: always 1",
        ["service_name", "service_version", "deployment_environment_name"],
        registry=registry,
        multiprocess_mode="livemax",
    ).labels(settings.service, settings.version, settings.environment).set(1)
    return registry


class _QuietHandler(WSGIRequestHandler):
    """A scrape every few seconds is no news: it is not logged."""

    def log_message(self, format: str, *args: Any) -> None:
        return


class MetricsServer:
    """Serves ``/metrics`` (OpenMetrics with exemplars, or the classic text) on an internal address."""

    def __init__(self, registry: CollectorRegistry, host: str, port: int, patience: float = 10.0) -> None:
        """Listen on ``host:port``; a port still held by a process that is just leaving is awaited ``patience`` s.

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
        """In a fork, where nothing serves: let go of the port, so that it is free when the parent has gone."""
        self._server.socket.close()

    def close(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()


def serve(registry: CollectorRegistry, host: str, port: int) -> MetricsServer | None:
    """Serve ``/metrics`` (port 0: do not); a port that cannot be bound is logged, and the process goes on without."""
    if not port:
        return None
    try:
        return MetricsServer(registry, host, port)
    except OSError as error:
        _log.error("metrics are not served on port %d: %s", port, error)
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
