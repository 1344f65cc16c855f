"""Parse JSON so that numbers keep their spelling and everything before an error remains usable."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_BLANK = re.compile(r"[ \t\n\r]*")


class RawNumber(str):
    """A number as written in the text."""

    __slots__ = ()


def _no_constant(name: str) -> Any:
    raise ValueError(f"unknown value {name}")


# strict=False: log lines may contain control characters inside strings.
_DECODER = json.JSONDecoder(parse_float=RawNumber, parse_int=RawNumber, parse_constant=_no_constant, strict=False)


def skip_blanks(text: str, index: int) -> int:
    """Return the index of the next non-whitespace character."""
    match = _BLANK.match(text, index)
    return match.end() if match else index


def decode(text: str, index: int) -> tuple[Any, int]:
    """Return the value at an index and the index after it. ValueError if it is missing or nested too deeply."""
    try:
        return _DECODER.raw_decode(text, index)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None
    except StopIteration:
        raise ValueError("a value is missing") from None


def _key(text: str, index: int) -> tuple[str, int]:
    key, end = decode(text, index)
    return str(key), end


def decode_object(text: str) -> dict[str, Any]:
    """Return the object at the beginning of the text. As in Loki, the rest is ignored. ValueError without an object."""
    value, _ = decode(text, skip_blanks(text, 0))
    if not isinstance(value, dict):
        raise ValueError("Value looks like object, but can't find closing '}' symbol")
    return value


def members(text: str, index: int) -> Iterator[tuple[str, int, int, Any]]:
    """Yield key, start, end and value of each member of the object at an index, until its end or a ValueError."""
    index = skip_blanks(text, index)
    if text[index : index + 1] != "{":
        raise ValueError("an object was expected")
    index = skip_blanks(text, index + 1)
    while text[index : index + 1] != "}":
        if text[index : index + 1] != '"':
            raise ValueError("a key was expected")
        key, index = _key(text, index)
        index = skip_blanks(text, index)
        if text[index : index + 1] != ":":
            raise ValueError("a colon was expected")
        start = skip_blanks(text, index + 1)
        value, index = decode(text, start)
        yield key, start, index, value
        index = skip_blanks(text, index)
        if text[index : index + 1] == ",":
            index = skip_blanks(text, index + 1)
        elif text[index : index + 1] != "}":
            raise ValueError("a comma or the end of the object was expected")


def elements(text: str, index: int) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each element of the array at an index."""
    index = skip_blanks(text, index + 1)
    while text[index : index + 1] != "]":
        start = index
        _, index = decode(text, start)
        yield start, index
        index = skip_blanks(text, index)
        if text[index : index + 1] == ",":
            index = skip_blanks(text, index + 1)
        elif text[index : index + 1] != "]":
            raise ValueError("a comma or the end of the array was expected")


def locate(text: str, path: tuple[str | int, ...]) -> tuple[int, int] | None:
    """Return the index of the value at a path, or None if there is none. ValueError for malformed text before it."""
    start = skip_blanks(text, 0)
    end = len(text)
    for step in path:
        opening = text[start : start + 1]
        found: tuple[int, int] | None = None
        if opening == "{" and isinstance(step, str):
            found = next(((first, last) for key, first, last, _ in members(text, start) if key == step), None)
        elif opening == "[" and isinstance(step, int):
            found = next((place for index, place in enumerate(elements(text, start)) if index == step), None)
        if found is None:
            return None
        start, end = found
    return start, end
