"""The type of template functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Function:
    """A function. ``call`` may raise TemplateFailed. ``counts`` is the range of argument counts; None is no limit."""

    call: Callable[..., object]
    counts: tuple[int, int | None]


def exactly(count: int, call: Callable[..., object]) -> Function:
    """Return a function with a fixed number of arguments."""
    return Function(call, (count, count))


def at_least(count: int, call: Callable[..., object]) -> Function:
    """Return a function with a minimum but no maximum number of arguments."""
    return Function(call, (count, None))
