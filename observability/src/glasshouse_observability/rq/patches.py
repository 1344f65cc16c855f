"""Replacement of methods of RQ's classes, which can be undone even if other code has replaced them meanwhile."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

Around = Callable[..., Any]
"""Called as ``around(call, *args, **options)`` in place of the method; ``call`` is the method itself, unbound."""


class Patches:
    """The methods that are replaced at present."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []
        self._active = True

    def around(self, kind: type, name: str, around: Around) -> None:
        """Replace the method ``name`` in the class from which ``kind`` has it; do nothing if there is none.

        Subclasses, and objects that exist already, are covered, unless they replace the method without calling it.
        """
        owner = next((each for each in kind.__mro__ if name in each.__dict__), None)
        if owner is None:
            return
        present = owner.__dict__[name]
        replacement: Any
        if isinstance(present, property):
            assert present.fget is not None
            replacement = property(self._wrapper(present.fget, around), present.fset, present.fdel, present.__doc__)
        elif isinstance(present, classmethod):
            replacement = classmethod(self._wrapper(present.__func__, around))
        else:
            replacement = self._wrapper(present, around)
        setattr(owner, name, replacement)
        self._undo.append(lambda: _restore(owner, name, replacement, present))

    def _wrapper(self, call: Callable[..., Any], around: Around) -> Callable[..., Any]:
        # Without the method's attributes: other instrumentations mark their wrappers with one.
        @functools.wraps(call, updated=())
        def wrapper(*args: Any, **options: Any) -> Any:
            # Other code may have wrapped this wrapper, so it may outlive the instrumentation.
            return around(call, *args, **options) if self._active else call(*args, **options)

        return wrapper

    def undo(self) -> None:
        """Restore the methods; those that other code has replaced since only stop observing."""
        self._active = False
        for undo in reversed(self._undo):
            undo()
        self._undo.clear()


def _restore(owner: type, name: str, replacement: object, before: object) -> None:
    if owner.__dict__.get(name) is replacement:
        setattr(owner, name, before)
