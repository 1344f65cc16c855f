"""Requests that have waited too long for a thread are refused at once.

While a dependency is slow each thread is held for seconds, and the queue before them grows: without this, every
request would wait for all others, and its client would give up just before its turn. A request that is answered 503
here has cost nothing yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, Response, request

from app.problems import problem
from observability.http_server import WAITED_KEY

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

WAITED_HEADER = "X-Queue-Seconds"
"""Set by the server that runs us (app/gunicorn_worker.py) in place of whatever a client sent."""
_WAITED = "HTTP_X_QUEUE_SECONDS"
LONGEST_WAIT_SECONDS = 2.0
"""With the two seconds after which a database that is down is given up, an answer comes well within five."""


def counted_from_its_arrival(wsgi_app: WSGIApplication) -> WSGIApplication:
    """Around the telemetry: what a client waits for a thread is part of the request's time, as the client sees it."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            environ[WAITED_KEY] = float(environ.get(_WAITED, "0"))
        except ValueError:
            environ[WAITED_KEY] = 0.0
        return wsgi_app(environ, start_response)

    return app


def install(app: Flask) -> None:
    """Before every other hook: a refused request does not count against the client's limit."""

    @app.before_request
    def not_too_late() -> Response | None:
        waited = request.environ.get(WAITED_KEY, 0.0)
        if waited <= LONGEST_WAIT_SECONDS or request.path in ("/healthz", "/readyz"):
            return None
        return problem(
            503, "overloaded", "Service Unavailable", "Too many requests are waiting; try again in a few seconds."
        )
