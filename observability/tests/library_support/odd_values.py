"""Values that applications log and trace by accident, and hypothesis strategies that combine them."""

from __future__ import annotations

import dataclasses
import enum
import threading
from collections import OrderedDict, deque, namedtuple
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from werkzeug.local import LocalProxy


def _fail(*_: object, **__: object) -> Any:
    raise ValueError("broken on purpose")


def broken(*methods: str, base: type = object) -> type:
    """Return a class of which these methods raise."""
    return type("Broken", (base,), dict.fromkeys(methods, _fail))


LyingClass = type("LyingClass", (), {"__class__": property(_fail)})
"""An object whose ``__class__`` cannot be read, as that of an unbound proxy."""


WrongText = type("WrongText", (), dict.fromkeys(("__str__", "__repr__"), lambda _: 42))
"""An object whose text is no text."""


class Colour(enum.Enum):
    RED = {"a": 1}  # noqa: RUF012


class Level(enum.IntEnum):
    HIGH = 2**62


@dataclasses.dataclass
class Basket:
    owner: Any
    items: list[Any]


Point = namedtuple("Point", ["x", "y"])


class BrokenError(Exception):
    """An exception without a text."""

    __str__ = __repr__ = _fail


def cyclic_list() -> list[Any]:
    found: list[Any] = [1]
    found.append(found)
    return found


def cyclic_dict() -> dict[str, Any]:
    found: dict[str, Any] = {"a": 1}
    found["self"] = {"inner": [found]}
    return found


def deep(levels: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(levels):
        found = [found]
    return found


def cyclic_error() -> Exception:
    first, second = ValueError("first"), KeyError("second")
    first.__cause__, second.__cause__ = second, first
    first.__context__, second.__context__ = second, first
    return first


MAKE: dict[str, Callable[[], Any]] = {
    "lone surrogate": lambda: "a\ud800b\udfff",
    "surrogate only": lambda: "\udcff",
    "nul": lambda: "a\0b\x1b[31m",
    "2**63": lambda: 2**63,
    "2**64": lambda: 2**64,
    "huge integer": lambda: 10**6000,
    "NaN": lambda: float("nan"),
    "infinity": lambda: float("-inf"),
    "decimal": lambda: Decimal("NaN"),
    "bytes": lambda: b"\xff\x00abc",
    "bytearray": lambda: bytearray(b"\xff"),
    "memoryview": lambda: memoryview(b"abc"),
    "set": lambda: {1, "x", (2, 3)},
    "frozenset": lambda: frozenset([b"\xff"]),
    "deque": lambda: deque([1, object()]),
    "range": lambda: range(10**6),
    "generator": lambda: (number for number in range(3)),
    "cyclic list": cyclic_list,
    "cyclic dictionary": cyclic_dict,
    "deep": lambda: deep(300),
    "too deep": lambda: deep(5000),
    "tuple keys": lambda: {(1, 2): "a", None: "b", 3: "c", "3": "d", b"\xff": "e"},
    "surrogate keys": lambda: {"\ud800": 1, "": 2},
    "ordered": lambda: OrderedDict(v={1}),
    "multi": lambda: MultiDict([("a", 1), ("a", 2)]),
    "proxy": lambda: LocalProxy(_fail),
    "broken str": lambda: broken("__str__")(),
    "broken repr": lambda: broken("__repr__")(),
    "broken both": lambda: broken("__str__", "__repr__", "__format__")(),
    "broken bool": lambda: broken("__bool__", "__len__")(),
    "broken eq": lambda: broken("__eq__", "__ne__")(),
    "broken hash": lambda: broken("__hash__")(),
    "broken getattr": lambda: broken("__getattribute__")(),
    "broken dict": lambda: broken("items", "keys", "__iter__", "__len__", base=dict)(a=1),
    "broken list": lambda: broken("__iter__", "__len__", "__getitem__", base=list)([1]),
    "broken text": lambda: broken("__str__", "encode", "isascii", "__len__", base=str)("text"),
    "broken integer": lambda: broken("__int__", "__index__", "__str__", "__repr__", base=int)(7),
    "lying class": LyingClass,
    "wrong text": WrongText,
    "enumeration": lambda: Colour.RED,
    "integer enumeration": lambda: Level.HIGH,
    "class": lambda: Basket,
    "data class": lambda: Basket(object(), [b"\xff", 2**70]),
    "named tuple": lambda: Point(float("nan"), "\ud800"),
    "first moment": lambda: datetime(1, 1, 1, tzinfo=UTC),
    "date": lambda: date(1, 1, 1),
    "time": lambda: time(1, 2),
    "uuid": lambda: UUID(int=1),
    "path": lambda: Path("/a/\udcff"),
    "lock": threading.Lock,
    "function": lambda: _fail,
    "exception": lambda: ValueError("\ud800"),
    "broken exception": BrokenError,
    "group": lambda: ExceptionGroup("several", [ValueError("a"), BrokenError()]),
    "cyclic exception": cyclic_error,
    "huge text": lambda: "é" * 2_000_000,
    "wide list": lambda: list(range(200_000)),
    "wide dictionary": lambda: {number: number for number in range(20_000)},
}


@dataclasses.dataclass(frozen=True)
class Odd:
    """The name of an odd value. hypothesis inspects what it draws, which many of the values do not survive."""

    name: str


def build(drawn: Any) -> Any:
    """Return what was drawn, with new odd values in the place of their names."""
    if isinstance(drawn, Odd):
        return MAKE[drawn.name]()
    if isinstance(drawn, dict):
        return {key: build(value) for key, value in drawn.items()}
    if isinstance(drawn, (list, tuple)):
        return type(drawn)(build(value) for value in drawn)
    return drawn


_leaves = st.one_of(
    st.sampled_from(sorted(MAKE)).map(Odd),
    st.text(st.characters(), max_size=20),
    st.integers(),
    st.floats(),
    st.binary(max_size=20),
    st.none(),
    st.booleans(),
)
keys = st.one_of(
    st.text(st.characters(), max_size=8), st.integers(), st.none(), st.tuples(st.integers(), st.text(max_size=2))
)
values = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3), st.tuples(inner, inner)
    ),
    max_leaves=6,
)
"""Anything; pass it to ``build``."""
