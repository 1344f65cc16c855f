"""Whether this replica is shutting down: it finishes the requests it has and should receive no new ones."""

from __future__ import annotations

from flask import Flask

_EXTENSION = "glasshouse-draining"


class Draining:
    """The flag is set once and never reset.

    It is a plain attribute because a signal handler sets it, and must not block.
    """

    def __init__(self) -> None:
        self.begun = False

    def begin(self) -> None:
        """Mark the replica as not ready from now on."""
        self.begun = True


def install(app: Flask) -> Draining:
    """Attach the state to the application; the server that runs the application finds it with :func:`of`."""
    draining: Draining = app.extensions.setdefault(_EXTENSION, Draining())
    return draining


def of(app: object) -> Draining | None:
    """Return the state of this WSGI application, or ``None`` if it has none."""
    found = getattr(app, "extensions", {}).get(_EXTENSION)
    return found if isinstance(found, Draining) else None
