"""Preparation of indexes and catalogue in the background, so that the API starts while the database is down."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from shop.domain.errors import DatabaseUnavailable

_log = logging.getLogger(__name__)
RETRY_SECONDS = 1.0


class Preparation:
    """Call ``prepare`` until it succeeds once. Several replicas may do so at the same time."""

    def __init__(self, prepare: Callable[[], int], retry_seconds: float = RETRY_SECONDS) -> None:
        self._prepare = prepare
        self._retry = retry_seconds
        self._ready = threading.Event()

    def start(self) -> None:
        """Start the preparation in a separate thread."""
        threading.Thread(target=self.run, name="prepare", daemon=True).start()

    def run(self) -> None:
        """Prepare, and retry while the database is down."""
        logged = False
        while not self._ready.is_set():
            try:
                added = self._prepare()
            except DatabaseUnavailable as error:
                if not logged:
                    _log.warning("cannot prepare the catalogue yet, the database is unavailable: %s", error)
                logged = True
                self._ready.wait(self._retry)
            except Exception:  # noqa: BLE001
                # Either a defect, or the database rejects a command: this replica stays unready, logs the reason, and
                # retries.
                _log.exception("cannot prepare the catalogue", extra={"event": "shop.prepare_failed"})
                self._ready.wait(self._retry * 10)
            else:
                self._ready.set()
                _log.info("indexes and catalogue are ready", extra={"event": "shop.prepared", "products_added": added})

    def check(self) -> None:
        """Raise while the preparation is not done: a readiness probe."""
        if not self._ready.is_set():
            raise NotPrepared("indexes and catalogue are not ready yet")


class NotPrepared(RuntimeError):
    """The database has not been prepared yet."""
