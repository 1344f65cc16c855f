"""The server of ``/metrics`` on an internal address."""

from __future__ import annotations

import logging
import os
import socket
import socketserver
import sys
import threading
from typing import Any
from weakref import WeakSet
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry

from glasshouse_observability.metrics.exposition import metrics_app
from glasshouse_observability.swallowed import SwallowedErrors

_log = logging.getLogger(__name__)
RETRY_SECONDS = 1.0
_SEVERAL = (
    " (if it is in use by another worker of this gunicorn, use the hooks of glasshouse_observability.gunicorn, with "
    "which all workers count together)"
)


class MetricsServer:
    """Serves ``/metrics`` (OpenMetrics with exemplars, or the classic text) on an internal address.

    If the port cannot be bound, because a process that is about to end still has it, the attempt is repeated each
    second in a thread. Neither the start nor any request waits for it. A forked process does not inherit the socket.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        host: str,
        port: int,
        errors: SwallowedErrors | None = None,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        """Listen on ``host:port`` now if that is possible, and otherwise as soon as it is."""
        self._app, self._errors = metrics_app(registry, errors), errors
        self._host, self._wanted, self._retry_seconds = host, port, retry_seconds
        self._stopping = threading.Event()
        self._server: _Server | None = None
        self.attempts = 0
        """How often binding the port was tried."""
        self._failed = False
        self._owner = os.getpid()
        _all.add(self)
        self._listen()
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int | None:
        """The port that is served; ``None`` while it cannot be bound."""
        server = self._server
        return None if server is None else server.server_port

    def close(self) -> None:
        """Stop serving, and free the port."""
        if os.getpid() != self._owner:
            return  # a fork has no thread that serves, and has closed the socket already
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while self._server is None:
            if self._stopping.wait(self._retry_seconds):
                return
            self._listen()
        with self._server:
            while not self._stopping.is_set() and not _is_reloader():
                self._server.handle_request()  # which returns after ``timeout`` s at the latest
        self._server = None

    def _listen(self) -> None:
        self.attempts += 1
        try:
            server = make_server(self._host, self._wanted, self._app, _server_class(self._host), _QuietHandler)
        except OSError as error:
            if not self._failed:
                self._failed = True
                _log.warning(
                    "cannot serve metrics on port %d: %s; the attempt is repeated each second%s",
                    self._wanted,
                    error.strerror or error,
                    _SEVERAL if os.environ.get("SERVER_SOFTWARE", "").startswith("gunicorn/") else "",
                    extra={"event": "metrics.port_unavailable"},
                )
            return
        server.errors, self._server = self._errors, server
        if self._failed:
            _log.info("metrics are served on port %d", self._wanted, extra={"event": "metrics.port_bound"})

    def leave(self) -> None:
        """In a fork: close the copy of the socket, so that the port is free when the parent has ended."""
        if self._server is not None:
            self._server.socket.close()


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    """Answers each scrape in a separate thread."""

    daemon_threads = True
    timeout = 0.5
    errors: SwallowedErrors | None = None

    def server_bind(self) -> None:
        """Bind the socket, to IPv4 and IPv6 for ``::``. Unlike the base class's, it does not query a name server."""
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]
        self.setup_environ()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Count an error, such as that of a client that has disconnected."""
        if self.errors is not None:
            self.errors.count("metrics.serve")


def _is_reloader() -> bool:
    """Return whether this process only restarts a child that serves the requests (``flask run --debug``).

    Then the port is the child's. Werkzeug imports this module when it begins to watch files, and sets the variable in
    the child.
    """
    return "werkzeug._reloader" in sys.modules and os.environ.get("WERKZEUG_RUN_MAIN") != "true"


class _Server6(_Server):
    address_family = socket.AF_INET6


class _QuietHandler(WSGIRequestHandler):
    """A request handler that does not log scrapes, which arrive every few seconds."""

    timeout = 10.0

    def log_message(self, format: str, *args: Any) -> None:
        return


def _server_class(host: str) -> type[_Server]:
    """Return the server for the address family of ``host``; a name that has both kinds of address gets IPv4."""
    found = {each[0] for each in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    return _Server if socket.AF_INET in found else _Server6


_all: WeakSet[MetricsServer] = WeakSet()


def _leave_all() -> None:
    for server in _all:
        server.leave()


os.register_at_fork(after_in_child=_leave_all)
