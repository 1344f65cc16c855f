"""The ``Telemetry`` objects of the process, for tests that capture the signals of code that creates its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakSet

live: WeakSet[Any] = WeakSet()
"""Those that were created and not stopped. ``telemetry.Telemetry`` imports this module, so it has no type here."""
on_created: list[Callable[[Any], object]] = []
"""Called with each new object."""
_shared: list[Any] = []


def add(telemetry: Any) -> None:
    """Add a new object."""
    live.add(telemetry)
    for call in list(on_created):
        call(telemetry)


def share(telemetry: Any) -> None:
    """Make this object the one that ``Telemetry.start`` returns in this process, until it is stopped."""
    _shared[:] = [telemetry]


def shared() -> Any:
    """Return the object of ``share``, if there is one that was not stopped."""
    return _shared[0] if _shared and _shared[0] in live else None
