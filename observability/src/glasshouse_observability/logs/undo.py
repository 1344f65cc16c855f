"""Changes of a process's state that can be undone, in the reverse order."""

from __future__ import annotations

import contextlib
import logging
from typing import Any


class Changes(contextlib.ExitStack):
    """A list of changes; ``close`` undoes them once."""

    def set_level(self, logger: logging.Logger, level: int | str) -> None:
        """Set a logger's level."""
        self.callback(logger.setLevel, logger.level)
        logger.setLevel(level)

    def add(self, logger: logging.Logger, handler: logging.Handler) -> None:
        """Add a handler to a logger."""
        logger.addHandler(handler)
        self.callback(logger.removeHandler, handler)

    def remove(self, logger: logging.Logger, handler: logging.Handler) -> None:
        """Remove a handler from a logger, without closing it."""
        # A new list, because a record may be on its way through the present one.
        logger.handlers = [other for other in logger.handlers if other is not handler]
        self.callback(logger.addHandler, handler)

    def set(self, holder: Any, name: str, value: object) -> None:
        """Set an attribute; undone only if no other code has set it since."""
        before = getattr(holder, name)
        setattr(holder, name, value)
        self.callback(_set_back, holder, name, value, before)


def _set_back(holder: Any, name: str, value: object, before: object) -> None:
    if getattr(holder, name) is value:
        setattr(holder, name, before)
