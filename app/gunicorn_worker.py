"""gunicorn's threaded worker, with problem documents instead of HTML errors and a shutdown that drops no request.

On SIGTERM, gunicorn's own worker stops accepting connections but keeps its listening socket open until it has finished.
A proxy continues to connect, and the connections in the backlog are reset at the end.

This worker shuts down in this order. It reports that it is not ready and continues to serve for ``DRAIN_SECONDS``, so
that load balancers notice, and a replica that has just restarted is back in rotation. It accepts the connections in the
backlog and closes the socket, so that a proxy's next connection is refused; a proxy can retry even an order then,
because nothing of it was sent. It finishes its requests, flushes telemetry (``atexit``) and exits.

It also passes to the application how long each request has waited for a thread.
"""

from __future__ import annotations

import json
import os
import threading
import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from app import draining, overload

DRAIN_SECONDS = 2.0
FLUSH_SECONDS = 3.0


class ProblemWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn is not typed
    """Send a problem document for requests that gunicorn itself rejects, such as a malformed request line or header."""

    wsgi: Any = None

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Handle SIGTERM: become not ready now and exit after the drain time; exit immediately on the second signal."""
        ours = draining.of(self.wsgi)
        if ours is None or ours.begun:
            super().handle_exit(sig, frame)
            return
        ours.begin()
        # The master kills a worker that exceeds its time limit, and a killed worker does not flush: this process must
        # exit earlier.
        left = self.cfg.graceful_timeout - DRAIN_SECONDS - FLUSH_SECONDS
        self.cfg.set("graceful_timeout", max(1, int(left)))
        # The event loop continues meanwhile. gunicorn's own handler only ends the loop, which any thread may do.
        timer = threading.Timer(DRAIN_SECONDS, super().handle_exit, (sig, frame))
        timer.daemon = True
        timer.start()

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept connections as gunicorn does; at the final stop, close the socket so that no client waits in it."""
        super().set_accept_enabled(enabled)
        if not enabled and (not self.alive or os.getppid() != self.ppid):
            self._close_the_door()

    def enqueue_req(self, conn: Any) -> None:
        """Record when a request begins to wait for a thread."""
        conn.waits_since = time.monotonic()
        super().enqueue_req(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Pass to the application how long the request has waited (``app.overload``)."""
        waited = time.monotonic() - conn.waits_since
        name = overload.WAITED_HEADER.upper()
        req.headers = [(header, value) for header, value in req.headers if header != name] + [(name, f"{waited:.3f}")]
        return super().handle_request(req, conn)

    def _close_the_door(self) -> None:
        for listener in self.sockets:
            # ``accept`` counts the accepted connections, and does nothing if the backlog is empty.
            seen = -1
            while seen < self.nr_conns < self.worker_connections:
                seen = self.nr_conns
                self.accept(listener)
            listener.close()

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Let gunicorn choose and log the status; replace its HTML page with a problem document."""
        super().handle_error(req, _ProblemSocket(client, str(exc)), addr, exc)


class _ProblemSocket:
    """A client's socket that replaces an HTML error page with ``application/problem+json``."""

    def __init__(self, client: Any, detail: str) -> None:
        self._client, self._detail = client, detail

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def sendall(self, page: bytes) -> None:
        status_line = page.split(b"\r\n", 1)[0].decode("latin-1")
        _, status, reason = status_line.split(" ", 2)
        problem = {
            "type": "urn:glasshouse:problem:malformed-request",
            "title": reason,
            "status": int(status),
            "detail": self._detail if int(status) < 500 else "The server failed.",
        }
        body = json.dumps(problem).encode()
        head = (
            f"{status_line}\r\nConnection: close\r\nContent-Type: application/problem+json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._client.sendall(head.encode("latin-1") + body)
