"""Rate limits on flask-limiter, counted in Redis and thus shared by all replicas.

While Redis is down, each replica counts in its own memory: the effective limit is then multiplied by the number of
replicas. This is acceptable: password hashing stays slow, and the limit of each replica still applies.
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
    """Return a limiter that sends ``RateLimit-Limit``, ``-Remaining``, ``-Reset`` and ``Retry-After`` to clients.

    The window slides, so that no client can use the limit twice around the start of a minute.
    """
    # Flask calls these hooks in reverse order: one that is registered before the limiter's sees the limiter's headers.
    app.after_request(_seconds_instead_of_epoch)
    in_redis = settings.limits_url.startswith(("redis", "unix"))
    limiter = Limiter(
        user_or_address,
        app=app,
        storage_uri=settings.limits_url,
        storage_options=_REDIS_OPTIONS if in_redis else {},
        strategy="moving-window",
        in_memory_fallback_enabled=True,
        # When Redis fails during several requests at once, the first of them switches to memory. The library would
        # answer 500 to the others. They are let through uncounted instead.
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

    # The library's hook before each request checks limits of the whole application, of which there are none: the
    # decorator of a view checks the view's limit. The library has no option to disable the hook, which has a cost
    # (docs/how-to/profiling.md).
    app.before_request_funcs[None].remove(limiter._check_request_limit)

    return limiter


def _seconds_instead_of_epoch(response: Response) -> Response:
    reset = response.headers.get("RateLimit-Reset")
    if reset is None:
        return response
    if reset.isdecimal():
        # draft-ietf-httpapi-ratelimit-headers requires seconds from now; flask-limiter writes a Unix timestamp.
        response.headers["RateLimit-Reset"] = str(max(0, int(reset) - int(time.time())))
    if response.status_code < 400:
        # The limiter adds Retry-After to every response; only a rejected request needs it.
        response.headers.pop("Retry-After", None)
    return response


def user_or_address() -> str:
    """Return the key that a request counts against: the account of its token, else its address."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme == "Bearer" and token:
        try:
            # The signature is checked: a forged account must not get a separate limit.
            return f"account:{decode_token(token)['sub']}"
        except (PyJWTError, KeyError, ValueError):
            return f"address:{get_remote_address()}"
    return f"address:{get_remote_address()}"
