"""Notify every process that its own copy is old, by Redis' publish and subscribe."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import redis
from opentelemetry.instrumentation.utils import suppress_instrumentation

_log = logging.getLogger("shop.cache")
CHANNEL = "cache:invalidate"
RETRY_SECONDS = 1.0
LISTEN_SECONDS = 1.0


def announce(client: redis.Redis, cache: str, key: str) -> None:
    """Say that ``key`` of ``cache`` has changed; if Redis is down, own copies end by their time (two seconds)."""
    try:
        client.publish(CHANNEL, f"{cache}\n{key}")
    except redis.RedisError as error:
        _log.debug("an invalidation was not published: %s", error)


class Invalidations:
    """Listens, in a thread of its own, and calls ``forget(cache, key)``; ``forget(None, None)`` after a gap."""

    def __init__(self, client: redis.Redis, forget: Callable[[str | None, str | None], None]) -> None:
        self._client, self._forget = client, forget
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="invalidations", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, within about a second; the connection may be closed afterwards."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(2 * LISTEN_SECONDS)

    def _run(self) -> None:
        with suppress_instrumentation():
            while not self._stop.is_set():
                try:
                    self._listen()
                except redis.RedisError as error:
                    _log.debug("invalidations are not heard: %s", error)
                    self._stop.wait(RETRY_SECONDS)

    def _listen(self) -> None:
        with self._client.pubsub(ignore_subscribe_messages=True) as channel:  # type: ignore[no-untyped-call]
            channel.subscribe(CHANNEL)
            # What was said while we did not listen is not known: all own copies may be old.
            self._forget(None, None)
            while not self._stop.is_set():
                message = channel.get_message(timeout=LISTEN_SECONDS)
                if message is not None:
                    cache, _, key = message["data"].decode().partition("\n")
                    self._forget(cache, key)
