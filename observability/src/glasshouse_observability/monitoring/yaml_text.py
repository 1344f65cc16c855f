"""A writer of YAML in block style, for dictionaries, lists, texts and numbers.

Rule files are read by people when an alert fires, so expressions of several lines are block scalars. The core of the
library does not depend on a YAML package only for this.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_SAFE = re.compile(r"[A-Za-z_/][A-Za-z0-9_./()% -]*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"})
_NUMBER = re.compile(r"[0-9]+[smhdw]")
"""Durations of Prometheus; no parser reads them as numbers."""


def dump(value: Mapping[str, Any]) -> str:
    """Return ``value`` as a YAML document.

    Raises:
        TypeError: a value is neither a dictionary, a list, a text nor a number.
    """
    return "".join(f"{line}\n" for line in _mapping(value, ""))


def _mapping(value: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, one in value.items():
        yield from _entry(f"{indent}{_scalar(key)}:", one, indent)


def _entry(head: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield head if value else f"{head} {{}}"
        yield from _mapping(value, f"{indent}  ")
    elif isinstance(value, str) and _is_block(value):
        yield f"{head} |-"
        yield from (f"{indent}  {line}".rstrip(" ") for line in value.split("\n"))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        yield head if value else f"{head} []"
        for one in value:
            yield from _item(one, f"{indent}  ")
    else:
        yield f"{head} {_scalar(value)}"


def _item(value: Any, indent: str) -> Iterator[str]:
    if not isinstance(value, Mapping) or not value:
        raise TypeError(f"lists contain dictionaries, not {value!r}")
    first, *rest = _mapping(value, f"{indent}  ")
    yield f"{indent}- {first.lstrip()}"
    yield from rest


def _is_block(text: str) -> bool:
    lines = text.split("\n")
    # Other texts need quotes: a block has no escapes, and its first line sets the indentation.
    return len(lines) > 1 and not text.startswith((" ", "\n")) and text.replace("\n", "").isprintable() and all(lines)


def _scalar(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError(f"cannot write {value!r}")
    if not isinstance(value, str):
        return f"{value}"
    if _NUMBER.fullmatch(value) or (_SAFE.fullmatch(value) and not value.endswith(" ") and value.lower() not in _WORDS):
        return value
    if value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return '"' + "".join(_escaped(character) for character in value) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08x}"
