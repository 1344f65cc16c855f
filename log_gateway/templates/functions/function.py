"""The type of template functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Function:
    """``call`` takes the arguments and raises TemplateFailed. ``counts``: least and most of them; None is no limit."""

    call: Callable[..., object]
    counts: tuple[int, int | None]


def exactly(count: int, call: Callable[..., object]) -> Function:
    """A function with a fixed number of arguments."""
    return Function(call, (count, count))


def at_least(count: int, call: Callable[..., object]) -> Function:
    """A function with a minimum but no maximum number of arguments."""
    return Function(call, (count, None))
