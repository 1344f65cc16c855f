"""Indexes and catalogue, made ready in the background, so that the API starts while the database is down."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from shop.domain.errors import DatabaseUnavailable

_log = logging.getLogger(__name__)
RETRY_SECONDS = 1.0


class Preparation:
    """Calls ``prepare`` until it succeeds once. Running it in several replicas at a time does no harm."""

    def __init__(self, prepare: Callable[[], int], retry_seconds: float = RETRY_SECONDS) -> None:
        self._prepare = prepare
        self._retry = retry_seconds
        self._ready = threading.Event()

    def start(self) -> None:
        """Begin, in a thread of its own."""
        threading.Thread(target=self.run, name="prepare", daemon=True).start()

    def run(self) -> None:
        """Prepare, trying again while the database is down."""
        logged = False
        while not self._ready.is_set():
            try:
                added = self._prepare()
            except DatabaseUnavailable as error:
                if not logged:
                    _log.warning("the catalogue cannot be prepared yet, the database is unavailable: %s", error)
                logged = True
                self._ready.wait(self._retry)
            except Exception:  # noqa: BLE001
                # A defect, or a database that refuses: this replica stays unready, says why, and tries again.
                _log.exception("the catalogue cannot be prepared", extra={"event": "shop.prepare_failed"})
                self._ready.wait(self._retry * 10)
            else:
                self._ready.set()
                _log.info("indexes and catalogue are ready", extra={"event": "shop.prepared", "products_added": added})

    def check(self) -> None:
        """A readiness probe: raises while the preparation is not done."""
        if not self._ready.is_set():
            raise NotPrepared("indexes and catalogue are not ready yet")


class NotPrepared(RuntimeError):
    """The database could not be prepared so far."""
