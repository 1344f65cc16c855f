"""Creation of the ledger's indexes in the background, so that the service starts while the database is down."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from pymongo.errors import PyMongoError

_log = logging.getLogger("payments")
RETRY_SECONDS = 1.0


def prepare(make: Callable[[], None], pause: threading.Event | None = None) -> threading.Thread:
    """Call ``make`` in a separate thread until it succeeds once, or until ``pause`` is set."""
    pause = pause or threading.Event()

    def run() -> None:
        logged = False
        while not pause.is_set():
            try:
                make()
                return
            except PyMongoError as error:
                if not logged:
                    _log.warning("cannot create the indexes yet, the database is unavailable: %s", type(error).__name__)
                logged = True
                pause.wait(RETRY_SECONDS)

    thread = threading.Thread(target=run, name="prepare", daemon=True)
    thread.start()
    return thread
