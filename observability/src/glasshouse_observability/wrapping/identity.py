"""A dictionary with weak keys that are compared by identity."""

from __future__ import annotations

from functools import partial
from typing import Generic, TypeVar
from weakref import ref

Key = TypeVar("Key")
Value = TypeVar("Value")


class IdentityMap(Generic[Key, Value]):
    """Values by object; an entry disappears with its object.

    ``WeakKeyDictionary`` calls ``__hash__`` and ``__eq__`` of its keys. Those of a MongoDB client are slow, and two
    clients of one server are equal.
    """

    def __init__(self) -> None:
        self.by_id: dict[int, Value] = {}
        """The values by ``id`` of the object, for the fastest possible look-up; only to be read."""
        self._references: dict[int, ref[Key]] = {}

    def __setitem__(self, key: Key, value: Value) -> None:
        number = id(key)
        # The callback is called before the object's memory is released, so the number cannot belong to another object.
        self._references[number] = ref(key, partial(self._forget, number))
        self.by_id[number] = value

    def __contains__(self, key: Key) -> bool:
        return id(key) in self.by_id

    def __bool__(self) -> bool:
        return bool(self.by_id)

    def discard(self, key: Key) -> None:
        """Remove the object if it is present."""
        self._forget(id(key))

    def clear(self) -> None:
        """Remove all objects."""
        self._references.clear()
        self.by_id.clear()

    def objects(self) -> list[Key]:
        """Return the objects that still exist."""
        return [key for reference in list(self._references.values()) if (key := reference()) is not None]

    def _forget(self, number: int, _: object = None) -> None:
        self._references.pop(number, None)
        self.by_id.pop(number, None)
