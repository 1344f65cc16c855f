"""Rate limits, on flask-limiter: counted in Redis, so for all replicas together.

While Redis is down each replica counts for itself, in memory: a client can then get through as many times as there are
replicas. That is no door to anything: passwords are still slow to guess, and the limit per replica holds.
"""

from __future__ import annotations

import time

from flask import Flask, Response, request
from flask_jwt_extended import decode_token
from flask_limiter import HeaderNames, Limiter
from flask_limiter.util import get_remote_address
from jwt.exceptions import PyJWTError

from app.settings import ApiSettings

_REDIS_OPTIONS: dict[str, str | int] = {"socket_connect_timeout": 1, "socket_timeout": 1}


def new_limiter(app: Flask, settings: ApiSettings) -> Limiter:
    """A limiter that reports its state to clients: ``RateLimit-Limit``, ``-Remaining``, ``-Reset``, ``Retry-After``.

    The window slides, so that no client gets twice the limit around the turn of a minute.
    """
    # Flask calls these in reverse order: what is registered before the limiter's own sees the headers that it writes.
    app.after_request(_seconds_instead_of_epoch)
    in_redis = settings.limits_url.startswith(("redis", "unix"))
    limiter = Limiter(
        user_or_address,
        app=app,
        storage_uri=settings.limits_url,
        storage_options=_REDIS_OPTIONS if in_redis else {},
        strategy="moving-window",
        in_memory_fallback_enabled=True,
        # When Redis fails under several requests at once, the first of them turns to memory; the library would answer
        # 500 to the others. They pass uncounted instead.
        swallow_errors=True,
        headers_enabled=True,
        header_name_mapping={
            HeaderNames.LIMIT: "RateLimit-Limit",
            HeaderNames.REMAINING: "RateLimit-Remaining",
            HeaderNames.RESET: "RateLimit-Reset",
            HeaderNames.RETRY_AFTER: "Retry-After",
        },
        retry_after="delta-seconds",
        key_prefix="{limits}",
    )

    # Its hook before each request is for limits of the whole application, of which there are none: a view's limit is
    # checked by its decorator. The library has no switch for it, and it costs (docs/how-to/profiling.md).
    app.before_request_funcs[None].remove(limiter._check_request_limit)

    return limiter


def _seconds_instead_of_epoch(response: Response) -> Response:
    reset = response.headers.get("RateLimit-Reset")
    if reset is None:
        return response
    if reset.isdecimal():
        # draft-ietf-httpapi-ratelimit-headers: seconds from now; flask-limiter writes the time of day.
        response.headers["RateLimit-Reset"] = str(max(0, int(reset) - int(time.time())))
    if response.status_code < 400:
        # The limiter writes when to come back into every answer; only who was refused needs to know.
        response.headers.pop("Retry-After", None)
    return response


def user_or_address() -> str:
    """Whose limit a request counts against: the account of its token, else its address."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme == "Bearer" and token:
        try:
            # The signature is checked: a made-up account must not buy a fresh limit.
            return f"account:{decode_token(token)['sub']}"
        except (PyJWTError, KeyError, ValueError):
            return f"address:{get_remote_address()}"
    return f"address:{get_remote_address()}"
