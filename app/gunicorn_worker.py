"""gunicorn's threads, with its own refusals as problems instead of HTML, and a stop that drops no request.

On SIGTERM, gunicorn's worker accepts nothing more but keeps its listening socket open until it has finished: a proxy
goes on connecting, and what waits in the backlog is reset at the end. Ours, in this order: it is unready, and serves
for ``DRAIN_SECONDS`` yet, so that balancers notice and a replica that has just come back counts again; it accepts what
is in the backlog and closes the socket, so that a proxy's next connection is refused, which even an order survives
(nothing of it was sent); it finishes what it has; it flushes (``atexit``) and exits.

It also reports to the application how long a request has waited for a thread.
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
    """Answers what gunicorn itself refuses (control characters in a header, a broken request line) as a problem."""

    wsgi: Any = None

    def handle_exit(self, sig: int, frame: Any) -> None:
        """SIGTERM: become unready now and exit a little later; exit at once on the second signal."""
        ours = draining.of(self.wsgi)
        if ours is None or ours.begun:
            super().handle_exit(sig, frame)
            return
        ours.begin()
        # The master kills when its time is up, and what is killed does not flush: this process must be done before.
        left = self.cfg.graceful_timeout - DRAIN_SECONDS - FLUSH_SECONDS
        self.cfg.set("graceful_timeout", max(1, int(left)))
        # The event loop turns on meanwhile; gunicorn's own handler only ends it, which any thread may do.
        timer = threading.Timer(DRAIN_SECONDS, super().handle_exit, (sig, frame))
        timer.daemon = True
        timer.start()

    def set_accept_enabled(self, enabled: bool) -> None:
        """As gunicorn does; at the final stop, also close the listening socket: no client may wait in its backlog."""
        super().set_accept_enabled(enabled)
        if not enabled and (not self.alive or os.getppid() != self.ppid):
            self._close_the_door()

    def enqueue_req(self, conn: Any) -> None:
        """Note when a request begins to wait for a thread."""
        conn.waits_since = time.monotonic()
        super().enqueue_req(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Report to the application how long the request has waited (``app.overload``)."""
        waited = time.monotonic() - conn.waits_since
        name = overload.WAITED_HEADER.upper()
        req.headers = [(header, value) for header, value in req.headers if header != name] + [(name, f"{waited:.3f}")]
        return super().handle_request(req, conn)

    def _close_the_door(self) -> None:
        for listener in self.sockets:
            # ``accept`` counts what it has accepted, and passes over an empty backlog.
            seen = -1
            while seen < self.nr_conns < self.worker_connections:
                seen = self.nr_conns
                self.accept(listener)
            listener.close()

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Let gunicorn decide the status and log it; put a problem in place of the page it writes."""
        super().handle_error(req, _ProblemSocket(client, str(exc)), addr, exc)


class _ProblemSocket:
    """A client's socket on which an HTML error page becomes ``application/problem+json``."""

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
