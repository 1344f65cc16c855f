"""Reject requests that have waited too long for a thread.

While a dependency is slow, each thread is occupied for seconds and the queue in front of them grows. Without this limit
every request would wait for all requests before it, and its client would time out just before its turn. A request that
is answered 503 here has used almost no resources.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, Response, request

from app.problems import problem
from glasshouse_observability.flask.keys import WAITED_KEY

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

WAITED_HEADER = "X-Queue-Seconds"
"""The server that runs the application sets this header and replaces any value that a client sent."""
_WAITED = "HTTP_X_QUEUE_SECONDS"
LONGEST_WAIT_SECONDS = 2.0
"""Seconds.

With the two seconds after which an unavailable database times out, a response is sent well within five seconds.
"""


def counted_from_its_arrival(wsgi_app: WSGIApplication) -> WSGIApplication:
    """WSGI middleware outside the telemetry: the wait for a thread counts as part of the request's duration."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            environ[WAITED_KEY] = float(environ.get(_WAITED, "0"))
        except ValueError:
            environ[WAITED_KEY] = 0.0
        return wsgi_app(environ, start_response)

    return app


def install(app: Flask) -> None:
    """This hook runs before all others: a rejected request does not count against the client's rate limit."""

    @app.before_request
    def not_too_late() -> Response | None:
        waited = request.environ.get(WAITED_KEY, 0.0)
        if waited <= LONGEST_WAIT_SECONDS or request.path in ("/healthz", "/readyz"):
            return None
        return problem(
            503, "overloaded", "Service Unavailable", "Too many requests are waiting; try again in a few seconds."
        )
