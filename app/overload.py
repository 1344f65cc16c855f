"""Requests that have waited too long for a thread are sent away at once.

While a dependency is slow each thread is held for seconds, and the queue before them grows: without this, everybody
would wait for everybody, and give up just before their turn. What is answered 503 here has cost nothing yet.
"""

from __future__ import annotations

from flask import Flask, Response, request

from app.problems import problem

WAITED_HEADER = "X-Queue-Seconds"
"""Set by the server that runs us (app/gunicorn_worker.py) in place of whatever a client sent."""
LONGEST_WAIT_SECONDS = 2.0
"""With the two seconds after which a database that is down is given up, an answer comes well within five."""


def install(app: Flask) -> None:
    """Before every other hook: a request that is sent away is not counted against anybody's limit."""

    @app.before_request
    def not_too_late() -> Response | None:
        try:
            waited = float(request.headers.get(WAITED_HEADER, "0"))
        except ValueError:
            return None
        if waited <= LONGEST_WAIT_SECONDS or request.path in ("/healthz", "/readyz"):
            return None
        return problem(
            503, "overloaded", "Service Unavailable", "Too many requests are waiting; try again in a few seconds."
        )
