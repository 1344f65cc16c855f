"""Methods of other libraries' classes, wrapped so that the originals can be restored."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

Method = Callable[..., Any]
_INHERITED = object()


class Patches:
    """The methods that one integration has wrapped."""

    def __init__(self) -> None:
        self._wrapped: list[tuple[type, str, object, Method]] = []

    def wrap(self, owner: type, name: str, make: Callable[[Method], Method]) -> bool:
        """Replace ``owner.name`` by ``make(original)``; return whether the class has such a method.

        The original may be another library's wrapper, which is then called as before.
        """
        original = getattr(owner, name, None)
        if original is None:
            return False
        # Without the original's attributes: other instrumentations mark their wrappers with one, and would take ours
        # for theirs.
        wrapper = wraps(original, updated=())(make(original))
        self._wrapped.append((owner, name, owner.__dict__.get(name, _INHERITED), wrapper))
        setattr(owner, name, wrapper)
        return True

    def undo(self) -> None:
        """Restore the originals.

        A method that was wrapped again since then keeps our wrapper inside the other one. Such a wrapper must call the
        original only, which ``Targets`` provides for.
        """
        for owner, name, original, wrapper in reversed(self._wrapped):
            if owner.__dict__.get(name) is not wrapper:
                continue
            if original is _INHERITED:
                delattr(owner, name)
            else:
                setattr(owner, name, original)
        self._wrapped.clear()
