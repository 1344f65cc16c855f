"""Go's built-in functions for comparisons, printing and elements of maps and lists."""

from __future__ import annotations

from log_gateway.templates.errors import TemplateFailed
from log_gateway.templates.functions.function import Function, at_least, exactly
from log_gateway.templates.printf import printf
from log_gateway.templates.values import equal, kind_of, less, show, text, truth


def _eq(first: object, *others: object) -> bool:
    return any(equal(first, other) for other in others)


def _le(left: object, right: object) -> bool:
    return less(left, right) or equal(left, right)


def _length(value: object) -> int:
    if isinstance(value, str):
        return len(value.encode("utf-8", "replace"))
    if isinstance(value, dict | list):
        return len(value)
    raise TemplateFailed(f"len of type {kind_of(value)}")


def _index(value: object, *keys: object) -> object:
    for key in keys:
        if isinstance(value, dict) and isinstance(key, str):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
            value = value[key]
        elif isinstance(value, str) and isinstance(key, int) and 0 <= key < len(value.encode()):
            value = value.encode()[key]
        else:
            raise TemplateFailed(f"cannot index {kind_of(value)} with {show(key)}")
    return value


def _print(*values: object) -> str:
    out = ""
    for index, value in enumerate(values):
        # Go inserts a blank between operands if neither is a string.
        if index and not isinstance(value, str) and not isinstance(values[index - 1], str):
            out += " "
        out += show(value)
    return out


def _printf(layout: object, *values: object) -> str:
    return printf(text(layout), values)


def _of_the_line() -> object:
    raise TypeError("the renderer evaluates this from the line")


BUILTIN: dict[str, Function] = {
    "__line__": exactly(0, _of_the_line),
    "__timestamp__": exactly(0, _of_the_line),
    "eq": at_least(2, _eq),
    "ne": exactly(2, lambda left, right: not equal(left, right)),
    "lt": exactly(2, less),
    "le": exactly(2, _le),
    "gt": exactly(2, lambda left, right: not _le(left, right)),
    "ge": exactly(2, lambda left, right: not less(left, right)),
    "not": exactly(1, lambda value: not truth(value)),
    "len": exactly(1, _length),
    "index": at_least(1, _index),
    "print": at_least(0, _print),
    "println": at_least(0, lambda *values: " ".join(show(value) for value in values) + "\n"),
    "printf": at_least(1, _printf),
}
