"""Whether this replica is on its way out: it finishes what it has, and wants nothing new."""

from __future__ import annotations

from flask import Flask

_EXTENSION = "glasshouse-draining"


class Draining:
    """Begun once, never taken back. A plain attribute: it is set from a signal handler, which must not wait."""

    def __init__(self) -> None:
        self.begun = False

    def begin(self) -> None:
        """From here on the replica is unready."""
        self.begun = True


def install(app: Flask) -> Draining:
    """The application's own; the server that runs it finds it by :func:`of`."""
    draining: Draining = app.extensions.setdefault(_EXTENSION, Draining())
    return draining


def of(app: object) -> Draining | None:
    """The one of this WSGI application, ``None`` if it has none."""
    found = getattr(app, "extensions", {}).get(_EXTENSION)
    return found if isinstance(found, Draining) else None
