"""One load per key across all processes: a lock in Redis, and a record of a load that failed.

A lock alone shares only results: after a load that failed, the waiting processes would load one after the other. So the
failure is stored under the lock's token, where the processes that saw this token in the lock find it. A process that
arrives later does not have the token, so a failure is not cached.
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
"""Seconds that a load may take before another process may try."""
WAIT_SECONDS = 2.5
"""Seconds that other processes wait for the load if there is no stale copy."""
LOOK_SECONDS = 0.02
FAILURE_SECONDS = 1.0
"""Seconds. Many times ``LOOK_SECONDS``, so that each waiting process finds the failure."""

# Release a lock only if this process still holds it.
_UNLOCK = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) else return 0 end"


class CacheLock:
    """Locks stored next to the entries; ``name`` is the entry's key in Redis, with its hash tag."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._unlock = client.register_script(_UNLOCK)

    def take(self, name: str) -> str | None:
        """Return the token of the lock, ``None`` if another process holds it. Raises ``redis.RedisError``."""
        token = uuid.uuid4().hex
        return token if self._client.set(_lock(name), token, nx=True, px=int(LOCK_SECONDS * 1000)) else None

    def release(self, name: str, token: str, failure: str | None) -> None:
        """Release the lock; ``failure`` is the reason why the load failed, ``None`` if it succeeded.

        Redis may be down.
        """
        try:
            if failure is not None:
                self._client.set(_failure(name, token), failure, px=int(FAILURE_SECONDS * 1000))
            self._unlock(keys=[_lock(name)], args=[token])
        except redis.RedisError as error:
            _log.debug("cannot release the lock of %s, it will expire: %s", name, error)

    def wait(self, name: str) -> Entry | None:
        """Return the result of the process that holds the lock, or ``None`` if the load ends or times out without one.

        Raises:
            DatabaseUnavailable: the load raised it. redis.RedisError: Redis does not respond.
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
