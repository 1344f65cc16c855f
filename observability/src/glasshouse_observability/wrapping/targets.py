"""Which of a library's objects are instrumented: all of the process, or chosen ones."""

from __future__ import annotations

from typing import Generic, TypeVar

from glasshouse_observability.wrapping.identity import IdentityMap

Target = TypeVar("Target")


class Targets(Generic[Target]):
    """All objects except some, or none except some. They are referenced weakly."""

    def __init__(self) -> None:
        self.everything = False
        """Whether all objects are included; read before ``in``, because that is a method call."""
        self.version = 0
        """Changes with each change of the set, for those who keep results of ``in``."""
        self._all = False
        self.exceptions: IdentityMap[Target, bool] = IdentityMap()

    def __contains__(self, target: Target) -> bool:
        return (target in self.exceptions) != self._all

    def add(self, target: Target | None) -> None:
        """Add an object; ``None`` adds all, those that will be created later included."""
        if target is None:
            self.exceptions.clear()
            self._all = True
        elif self._all:
            self.exceptions.discard(target)
        else:
            self.exceptions[target] = True
        self._changed()

    def remove(self, target: Target | None) -> bool:
        """Remove an object, or with ``None`` all; return whether there may be any left."""
        if target is None:
            self._all = False
            self.exceptions.clear()
        elif self._all:
            self.exceptions[target] = True
        else:
            self.exceptions.discard(target)
        self._changed()
        return self._all or bool(self.exceptions)

    def _changed(self) -> None:
        self.version += 1
        self.everything = self._all and not self.exceptions
