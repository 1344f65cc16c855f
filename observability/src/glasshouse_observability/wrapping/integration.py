"""The process-wide state of an integration that wraps a library's classes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from glasshouse_observability.telemetry import Telemetry
from glasshouse_observability.wrapping.patches import Patches
from glasshouse_observability.wrapping.targets import Targets

Target = TypeVar("Target")


class AlreadyInstrumented(RuntimeError):
    """A library's classes are already wrapped for another ``Telemetry``."""


class Integration(Generic[Target]):
    """Wrap a library's classes once, for the objects that are to be instrumented.

    The classes exist once in a process, so all objects report to the same ``Telemetry``.
    """

    def __init__(self, name: str, install: Callable[[Telemetry, Targets[Target], Patches], None]) -> None:
        """``name`` is the suffix of the public functions; ``install`` wraps the methods."""
        self._name, self._install = name, install
        self._lock = threading.Lock()
        self._telemetry: Telemetry | None = None
        self._targets: Targets[Target] = Targets()
        self._patches = Patches()

    def instrument(self, telemetry: Telemetry, target: Target | None = None) -> None:
        """Instrument one object, or all; without effect on what is already instrumented.

        Raises:
            AlreadyInstrumented: another ``Telemetry`` receives the data.
        """
        with self._lock:
            if self._telemetry is None:
                self._targets, self._patches = Targets(), Patches()
                try:
                    self._install(telemetry, self._targets, self._patches)
                except BaseException:
                    self._patches.undo()
                    raise
                self._telemetry = telemetry
            elif self._telemetry is not telemetry:
                raise AlreadyInstrumented(
                    f"instrument_{self._name} was called with another Telemetry; call uninstrument_{self._name}() first"
                )
            self._targets.add(target)

    def uninstrument(self, target: Target | None = None) -> None:
        """Instrument one object, or all, no longer; the original methods are restored when none is left."""
        with self._lock:
            if self._telemetry is not None and not self._targets.remove(target):
                self._patches.undo()
                self._telemetry = None
