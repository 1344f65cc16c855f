"""The server of ``/metrics`` on an internal address."""

from __future__ import annotations

import errno
import logging
import threading
import time
from collections.abc import Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import ThreadingWSGIServer

from glasshouse_observability.metrics.exposition import metrics_app
from glasshouse_observability.metrics.fork_lock import ForkLock

_log = logging.getLogger(__name__)

_fork_lock = ForkLock()
_fork_lock.register()


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
