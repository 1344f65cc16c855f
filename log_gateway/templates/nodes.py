"""The nodes of a template's syntax tree."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Literal:
    """A constant: str, int, float, bool or None."""

    value: object


@dataclass(frozen=True)
class Dot:
    """``.``: the template's data, or the current element inside range and with."""


@dataclass(frozen=True)
class Variable:
    """``$x`` by its slot. Slot 0 is ``$``, the labels."""

    slot: int


@dataclass(frozen=True)
class Field:
    """The field ``.a.b`` of a value."""

    base: Term
    names: tuple[str, ...]


@dataclass(frozen=True)
class Call:
    """A function call with arguments."""

    function: str
    arguments: tuple[Term, ...] = ()


@dataclass(frozen=True)
class Assignment:
    """``$x := …`` or ``$x = …``, which sets a slot and prints nothing."""

    slot: int
    value: Term


Term = Literal | Dot | Variable | Field | Call | Assignment


@dataclass(frozen=True)
class Text:
    """Text outside actions."""

    text: str


@dataclass(frozen=True)
class Output:
    """``{{ … }}``: a value that is printed."""

    value: Term


@dataclass(frozen=True)
class Branch:
    """``if``, or ``with``, which also sets the dot."""

    condition: Term
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...] = ()
    sets_dot: bool = False


@dataclass(frozen=True)
class Loop:
    """``range`` with the slots of the index and the element, if they have names."""

    value: Term
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...] = ()
    index_slot: int | None = None
    element_slot: int | None = None


Node = Text | Output | Branch | Loop


@dataclass(frozen=True)
class Template:
    """A whole template and the number of slots for its variables."""

    nodes: tuple[Node, ...]
    slots: int = field(default=1)
