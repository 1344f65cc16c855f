"""Conversion of arbitrary Python objects to values that every signal can carry.

Applications log and trace anything: lone surrogates, integers beyond 64 bits, cyclic containers, objects whose
``__str__`` raises. No function here raises because of its argument (``KeyboardInterrupt`` and other exceptions that are
not errors pass through). What cannot be carried is replaced by a text: U+FFFD for a character that UTF-8 cannot encode,
``<Kind: reason>`` for a whole value.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from datetime import date, datetime, time
from enum import Enum
from itertools import count
from math import isfinite
from typing import Any

LONGEST_TEXT = 32_768
"""Characters. A longer text loses its middle: receivers refuse a whole batch, or cut a line, because of one value."""
MOST_DEPTH = 24
"""Levels of nested containers; OTLP's encoder fails at fifty."""
MOST_ITEMS = 10_000
"""Items of one container. A value of which so many items were read gets no further containers."""

PLAIN = frozenset({str, bool, int, float, type(None)})
"""The types of scalar values that JSON and OTLP have in common."""

_LEAST, _MOST_SIGNED, _MOST_UNSIGNED = -(2**63), 2**63 - 1, 2**64 - 1


def safe_text(value: object) -> str:
    """Return ``str(value)`` as a text that UTF-8 can encode, of at most ``LONGEST_TEXT`` characters."""
    return Repair().text(value)


def safe_name(name: object) -> str:
    """Return the name of a field, attribute or label as a text that is not empty."""
    return safe_text(name) or "(empty)"


def safe_attribute(value: object) -> Any:
    """Return a value that OTLP can encode: a scalar, bytes, or a tuple or mapping of such values."""
    if type(value) is bool or type(value) is float:
        return value
    return Repair(otlp=True).value(value)


def safe_attributes(attributes: object) -> dict[str, Any]:
    """Return attributes that OTLP can encode. If the argument is no mapping, its only attribute states that."""
    if attributes is None:
        return {}
    if issubclass(type(attributes), dict):
        found: dict[str, Any] = {}
        for key, value in _items(attributes):
            name = safe_name(key)
            found[free_name(name, found) if name in found else name] = safe_attribute(value)
        return found
    converted = Repair(otlp=True).value(attributes)
    return converted if isinstance(converted, dict) else {"attributes": safe_text(converted)}


def type_name(kind: object) -> str:
    """Return the name of a class, without any code of the class or its metaclass."""
    return type.__dict__["__name__"].__get__(kind) if isinstance(kind, type) else "unknown"


class Repair:
    """Converts one value. ``replaced`` then states whether a part had to be replaced.

    With ``otlp`` the result suits a span attribute, otherwise a log line: JSON has no bytes, NaN or infinity.
    ``longest`` is the limit on each text, in characters.
    """

    def __init__(self, otlp: bool = False, longest: int = LONGEST_TEXT) -> None:
        self.replaced = False
        self._otlp, self._longest = otlp, longest
        self._most = _MOST_SIGNED if otlp else _MOST_UNSIGNED
        self._open: set[int] = set()
        self._left = MOST_ITEMS

    def text(self, value: object) -> str:
        """Return the value as a text."""
        if type(value) is not str:
            try:
                # An instance of a subclass of ``str`` is its own text, whatever its methods return.
                value = str.__str__(value) if issubclass(type(value), str) else str.__str__(str(value))
            except Exception as error:  # noqa: BLE001  (whatever code of the application raises)
                return self.mark(value, f"no text, because of {type_name(type(error))}")
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                self.replaced = True
                value = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if len(value) > self._longest:
            self.replaced = True
            half = self._longest // 2
            value = f"{value[:half]}…({len(value) - 2 * half} characters left out)…{value[-half:]}"
        return value

    def mark(self, value: object, reason: str) -> str:
        """Return the text that replaces a value."""
        self.replaced = True
        return f"<{type_name(type(value))}: {reason}>"

    def value(self, value: object) -> Any:
        """Return the value, or what replaces it."""
        try:
            return self._value(value)
        except Exception as error:  # noqa: BLE001  (whatever code of the application raises)
            return self.mark(value, f"not readable, because of {type_name(type(error))}")

    def named(self, name: str, value: object) -> Any:
        """Return the value of a field or attribute, or what replaces it."""
        return self.value(value)

    def mapping(self, items: Iterable[tuple[object, object]]) -> dict[str, Any]:
        """Return the items with names that are texts; names that become equal get a number."""
        found: dict[str, Any] = {}
        for number, (key, value) in enumerate(items):
            self._left -= 1
            if number == MOST_ITEMS:
                self.replaced = True
                found["(left out)"] = f"items after the first {MOST_ITEMS}"
                break
            name = key if type(key) is str and key.isascii() and key else self.name(key)
            if name in found:
                self.replaced = True
                name = free_name(name, found)
            found[name] = self.named(name, value)
        return found

    def name(self, key: object) -> str:
        """Return a key as a text that is not empty."""
        if type(key) is not str:
            self.replaced = True
        text = self.text(key)
        if not text:
            self.replaced = True
        return text or "(empty)"

    def _value(self, value: Any) -> Any:
        kind = type(value)
        if issubclass(kind, str):
            return self.text(value)
        if value is None or kind is bool:
            return value
        if issubclass(kind, int):
            return self._integer(int.__int__(value))
        if issubclass(kind, float):
            return self._real(float.__float__(value))
        if issubclass(kind, (bytes, bytearray, memoryview)):
            return self._bytes(bytes(value))
        if issubclass(kind, Mapping):
            return self._container(value, lambda: self.mapping(_items(value)))
        if issubclass(kind, Sequence):
            return self._container(value, lambda: self._sequence(_members(value)))
        return self.text(value) if self._otlp else self._other(value, kind)

    def _other(self, value: Any, kind: type) -> Any:
        """Return what JSON shows as a list or an object, and OTLP as a text."""
        if issubclass(kind, Set):
            return self._container(value, lambda: self._sequence(_members(value)))
        if issubclass(kind, Enum):
            return self.value(value._value_)
        if issubclass(kind, (datetime, date, time)):
            return self.text(value.isoformat())
        if issubclass(kind, BaseException):
            return f"{type_name(kind)}: {self.text(value)}"
        if issubclass(kind, type):
            return self.text(type_name(value))
        if dataclasses.is_dataclass(kind):
            return self._container(value, lambda: self.mapping(self._fields(value)))
        return self.text(value)

    def _integer(self, value: int) -> int | str:
        if _LEAST <= value <= self._most:
            return value
        self.replaced = True
        # Python refuses to write integers of more than some thousand decimal digits.
        return str(value) if value.bit_length() <= 4096 else f"<int: {value.bit_length()} bits>"

    def _real(self, value: float) -> float | str:
        if self._otlp or isfinite(value):
            return value
        self.replaced = True
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"

    def _bytes(self, value: bytes) -> bytes | str:
        if not self._otlp:
            return self.text(value[: self._longest + 1].decode("utf-8", "backslashreplace"))
        if len(value) > self._longest:
            self.replaced = True
            return value[: self._longest]
        return value

    def _container(self, value: object, convert: Callable[[], Any]) -> Any:
        if id(value) in self._open:
            return self.mark(value, "contains itself")
        if len(self._open) >= MOST_DEPTH:
            return self.mark(value, "nested too deeply")
        if self._left < 0:
            return self.mark(value, "left out, because the value is too large")
        self._open.add(id(value))
        try:
            return convert()
        finally:
            self._open.discard(id(value))

    def _sequence(self, members: Iterable[object]) -> list[Any] | tuple[Any, ...]:
        found = []
        for number, member in enumerate(members):
            self._left -= 1
            if number == MOST_ITEMS:
                self.replaced = True
                found.append(f"(items after the first {MOST_ITEMS} are left out)")
                break
            found.append(self.value(member))
        return tuple(found) if self._otlp else found

    def _fields(self, value: Any) -> Iterator[tuple[str, object]]:
        for field in dataclasses.fields(value):
            try:
                yield field.name, getattr(value, field.name)
            except Exception as error:  # noqa: BLE001  (whatever code of the application raises)
                yield field.name, self.mark(value, f"not readable, because of {type_name(type(error))}")


def _items(value: Any) -> Iterable[tuple[object, object]]:
    # ``list`` because another thread may change the dictionary. The built-in method, because JSON's encoder uses what
    # the dictionary stores, whatever the methods of a subclass return.
    return list(dict.items(value)) if issubclass(type(value), dict) else value.items()


def _members(value: Any) -> Any:
    for kind in (list, tuple, set, frozenset):
        if issubclass(type(value), kind):
            return kind(kind.__iter__(value))
    return value


def free_name(name: str, taken: Mapping[str, object]) -> str:
    """Return the name with a number, such that it is not in ``taken``."""
    return next(f"{name}_{number}" for number in count(2) if f"{name}_{number}" not in taken)
