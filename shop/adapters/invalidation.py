"""Invalidation of the copies in every process, with Redis' publish and subscribe."""

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
    """Announce that ``key`` of ``cache`` has changed; if Redis is down, other copies expire after two seconds."""
    try:
        client.publish(CHANNEL, f"{cache}\n{key}")
    except redis.RedisError as error:
        _log.debug("cannot publish an invalidation: %s", error)


class Invalidations:
    """Listen in a separate thread, and call ``forget(cache, key)``, or ``forget(None, None)`` after a gap."""

    def __init__(self, client: redis.Redis, forget: Callable[[str | None, str | None], None]) -> None:
        self._client, self._forget = client, forget
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="invalidations", daemon=True)

    def start(self) -> None:
        """Start to listen."""
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
                    _log.debug("cannot receive invalidations: %s", error)
                    self._stop.wait(RETRY_SECONDS)

    def _listen(self) -> None:
        with self._client.pubsub(ignore_subscribe_messages=True) as channel:  # type: ignore[no-untyped-call]
            channel.subscribe(CHANNEL)
            # Invalidations that were sent during the gap are lost: every copy in this process may be old.
            self._forget(None, None)
            while not self._stop.is_set():
                message = channel.get_message(timeout=LISTEN_SECONDS)
                if message is not None:
                    cache, _, key = message["data"].decode().partition("\n")
                    self._forget(cache, key)
