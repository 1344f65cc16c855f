"""``X-Profile: 1`` with an admin's token: the request is answered as usual, and its profile is stored.

Without the header nothing happens, and the profiler is not even loaded. Any other caller is refused (401, 403): a
profile names our functions, and taking one slows the request down. pyinstrument samples the one thread that serves the
request; cProfile watches every thread of the process from Python 3.12 on.
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
"""Requests take milliseconds: a sample each fifth of one."""

_log = logging.getLogger("app.profiling")


def install(app: Flask, profiles: Profiles, replica: str) -> None:
    """Before the hooks and views that are to be seen in a profile."""

    @app.before_request
    def begin() -> None:
        wanted = request.environ.get(_KEY)
        if wanted is None:
            return
        required_admin()
        if wanted != "1":
            raise BadRequest(f"{HEADER} must be 1, or left out.")
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
                _log.warning("a profile was not stored: %s", error, extra={"event": "profile.not_stored"})
            else:
                response.headers[HEADER] = url_for("profiles.show", request_id=profile.request_id)
        return response

    @app.teardown_request
    def never_left_running(_: BaseException | None) -> None:
        # A hook that failed after ours began: the thread must not go on being watched.
        profiler = g.pop("profiler", None)
        if profiler is not None:
            profiler.stop()


def taken(profiler: Any, status: int, replica: str) -> Profile:
    """The profile of the current request."""
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
