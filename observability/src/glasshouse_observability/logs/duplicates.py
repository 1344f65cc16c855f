"""Handlers of the application that print a record a second time, as plain text."""

from __future__ import annotations

import logging
import sys
from typing import Any

from glasshouse_observability.logs.lines import LineHandler
from glasshouse_observability.logs.undo import Changes

_log = logging.getLogger(__name__)
LOOK_EVERY = 500
"""Records after which the handlers of a logger are checked again, because handlers may be added at any time."""


class DuplicateWatch:
    """Find, for each logger that is used, handlers that print its records on standard output or error too.

    Each is reported once, in one warning. With ``take_over`` it is removed from its logger instead, until ``changes``
    are undone.
    """

    def __init__(self, changes: Changes, take_over: bool) -> None:
        self._changes, self._take_over = changes, take_over
        self._looked: set[str] = set()
        self._left = LOOK_EVERY
        self._reported: set[int] = set()

    def __call__(self, record: logging.LogRecord) -> None:
        """Look at the handlers of the record's logger if it is its first record."""
        self._left -= 1
        if self._left < 0:
            self._left = LOOK_EVERY
            self._looked.clear()
        if record.name not in self._looked:
            if len(self._looked) > LOOK_EVERY:
                self._looked.clear()
            self._looked.add(record.name)
            self.look(logging.getLogger(record.name))

    def look(self, logger: logging.Logger) -> None:
        """Report or remove the handlers of ``logger`` and its parents that print its records a second time."""
        for owner, handler in _chain(logger):
            if isinstance(handler, LineHandler) or id(handler) in self._reported or not _prints(handler):
                continue
            self._reported.add(id(handler))
            if self._take_over:
                self._changes.remove(owner, handler)
            else:
                _log.warning(
                    "%s of logger %r prints each of its records a second time, as plain text: remove it, or set "
                    "OBSERVABILITY_LOG_TAKE_OVER=true so that only the JSON line is written",
                    type(handler).__name__,
                    owner.name,
                    extra={"event": "telemetry.duplicate_lines"},
                )


def _chain(logger: logging.Logger) -> list[tuple[logging.Logger, logging.Handler]]:
    """Return the handlers that a record of ``logger`` reaches, each with the logger that has it."""
    found: list[tuple[logging.Logger, logging.Handler]] = []
    current: logging.Logger | None = logger
    while current is not None:
        found.extend((current, handler) for handler in current.handlers)
        current = current.parent if current.propagate else None
    return found


def _prints(handler: logging.Handler) -> bool:
    """Return whether a handler writes to standard output or error."""
    if (flask := sys.modules.get("flask.logging")) is not None and handler is flask.default_handler:
        return True
    # rich's handler has a console, which has the file.
    stream: Any = getattr(handler, "stream", None) or getattr(getattr(handler, "console", None), "file", None)
    if stream is None:
        return False
    if any(stream is known for known in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)):
        return True
    try:
        return stream.fileno() in (1, 2)
    except Exception:  # noqa: BLE001  (any object may be a stream; this one is no file of the operating system)
        return False
