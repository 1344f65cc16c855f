"""Waiting for a Redis server that is not available yet."""

from __future__ import annotations

import logging
import threading

import redis
from opentelemetry.instrumentation.utils import suppress_instrumentation

_log = logging.getLogger("workers")
RETRY_SECONDS = 0.5


def wait_for_redis(connection: redis.Redis, stop: threading.Event | None = None) -> bool:
    """Return once Redis responds (``True``) or ``stop`` is set (``False``); log the wait once."""
    stop = stop or threading.Event()
    logged = False
    while not stop.is_set():
        try:
            with suppress_instrumentation():
                connection.ping()
        except redis.RedisError as error:
            if not logged:
                _log.warning("waiting for Redis: %s", error)
            logged = True
            stop.wait(RETRY_SECONDS)
        else:
            return True
    return False
