"""Profiling of single requests: ``X-Profile: 1`` with an admin's token.

The request is answered as usual, and its profile is stored. Without the header the profiler is not loaded. Any other
caller is rejected (401, 403), because a profile reveals function names, and profiling slows the request down.

pyinstrument samples only the thread that serves the request; since Python 3.12, cProfile measures every thread of the
process.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, g, request, url_for
from werkzeug.exceptions import BadRequest

from app.identity import required_admin
from app.profiling.store import NotKept, Profile, Profiles

HEADER = "X-Profile"
_KEY = "HTTP_X_PROFILE"
INTERVAL_SECONDS = 0.0002
"""Seconds between samples. Requests take milliseconds, so a sample is taken every fifth of a millisecond."""

_log = logging.getLogger("app.profiling")


def install(app: Flask, profiles: Profiles, replica: str) -> None:
    """Start the profiler before the hooks and views that a profile must include."""

    @app.before_request
    def begin() -> None:
        wanted = request.environ.get(_KEY)
        if wanted is None:
            return
        required_admin()
        if wanted != "1":
            raise BadRequest(f"{HEADER} must be 1 or omitted.")
        from pyinstrument import Profiler

        g.profiler = Profiler(interval=INTERVAL_SECONDS, async_mode="disabled")
        g.profiler.start()

    @app.after_request
    def end(response: Response) -> Response:
        profiler = g.pop("profiler", None)
        if profiler is not None:
            profiler.stop()
            profile = taken(profiler, response.status_code, replica)
            try:
                profiles.keep(profile)
            except NotKept as error:
                _log.warning("profile not stored: %s", error, extra={"event": "profile.not_stored"})
            else:
                response.headers[HEADER] = url_for("profiles.show", request_id=profile.request_id)
        return response

    @app.teardown_request
    def never_left_running(_: BaseException | None) -> None:
        # A later hook failed: the profiler must not keep sampling this thread.
        profiler = g.pop("profiler", None)
        if profiler is not None:
            profiler.stop()


def taken(profiler: Any, status: int, replica: str) -> Profile:
    """Return the profile of the current request."""
    from pyinstrument.renderers import ConsoleRenderer, SpeedscopeRenderer

    return Profile(
        request_id=request.headers["X-Request-ID"],
        at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        method=request.method,
        route=request.url_rule.rule if request.url_rule else "",
        status=status,
        seconds=round(profiler.last_session.duration, 6),
        replica=replica,
        tree=profiler.output(ConsoleRenderer(unicode=True, color=False)),
        speedscope=profiler.output(SpeedscopeRenderer()),
    )
