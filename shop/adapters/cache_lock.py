"""One load per key over all processes: a lock in Redis, and word of a load that failed.

A lock alone shares results only: after a load that failed, the processes that waited would load one after the other. So
the failure is written down under the lock's token, where those find it that saw this token in the lock. A process that
comes later never learns the token, so a failure is not cached.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from typing import Any

import redis

from shop.adapters.cache_entry import Entry, parse
from shop.domain.errors import DatabaseUnavailable

_log = logging.getLogger("shop.cache")

LOCK_SECONDS = 3.0
"""How long the one who loads may take before another may try."""
WAIT_SECONDS = 2.5
"""How long the others wait for it, when there is no stale copy to give them."""
LOOK_SECONDS = 0.02
FAILURE_SECONDS = 1.0
"""Many times ``LOOK_SECONDS``: each process that waits finds the failure."""

# Release a lock only if it is still ours.
_UNLOCK = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) else return 0 end"


class CacheLock:
    """Locks beside entries; ``name`` is the entry's key in Redis, with its hash tag."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._unlock = client.register_script(_UNLOCK)

    def take(self, name: str) -> str | None:
        """Return the token of the lock, ``None`` if another process holds it. Raises ``redis.RedisError``."""
        token = uuid.uuid4().hex
        return token if self._client.set(_lock(name), token, nx=True, px=int(LOCK_SECONDS * 1000)) else None

    def release(self, name: str, token: str, failure: str | None) -> None:
        """Give the lock back; ``failure`` says why the load failed, ``None`` if it did not. Redis may be down."""
        try:
            if failure is not None:
                self._client.set(_failure(name, token), failure, px=int(FAILURE_SECONDS * 1000))
            self._unlock(keys=[_lock(name)], args=[token])
        except redis.RedisError as error:
            _log.debug("the lock of %s ends by itself: %s", name, error)

    def wait(self, name: str) -> Entry | None:
        """Return what the process that holds the lock loads; ``None`` if it ends, or takes too long, without a result.

        Raises:
            DatabaseUnavailable: as its load did.
            redis.RedisError: Redis does not answer.
        """
        deadline, pause = time.monotonic() + WAIT_SECONDS, threading.Event()
        seen: str | None = None
        while time.monotonic() < deadline:
            raw, holder = self._look(name)
            if (entry := parse(raw)) is not None:
                return entry
            if seen is not None and holder != seen:
                failure: Any = self._client.get(_failure(name, seen))
                if failure is not None:
                    raise DatabaseUnavailable(_text(failure))
            if holder is None:
                return None
            seen = holder
            pause.wait(LOOK_SECONDS)
        return None

    def _look(self, name: str) -> tuple[Any, str | None]:
        raw, holder = self._client.mget([name, _lock(name)])
        return raw, None if holder is None else _text(holder)


def _lock(name: str) -> str:
    return f"{name}:lock"


def _failure(name: str, token: str) -> str:
    return f"{name}:failure:{token}"


def _text(raw: bytes | str) -> str:
    return raw.decode() if isinstance(raw, bytes) else raw
