"""Parse Loki's pattern expressions, which are literals and placeholders: ``<ip> - <_> "<method> <path>``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from log_gateway.errors import QueryError

_PLACEHOLDER = re.compile(r"<([A-Za-z_][A-Za-z0-9_]*)>")


@dataclass(frozen=True)
class Placeholder:
    """A placeholder for a part of the line. ``name`` is "" for ``<_>``, which extracts nothing."""

    name: str


Part = str | Placeholder


def parts_of(pattern: str) -> tuple[Part, ...]:
    """Return literals (str) and placeholders, alternating. QueryError if two placeholders are adjacent."""
    parts: list[Part] = []
    end = 0
    for match in _PLACEHOLDER.finditer(pattern):
        if match.start() > end:
            parts.append(pattern[end : match.start()])
        elif parts:
            raise QueryError(f"found consecutive placeholders near {match[0]}: a literal must separate them")
        parts.append(Placeholder("" if match[1] == "_" else match[1]))
        end = match.end()
    if end < len(pattern):
        parts.append(pattern[end:])
    return tuple(parts)


def parser_parts(pattern: str) -> tuple[Part, ...]:
    """Return the parts of an expression for ``| pattern``, which requires at least one name and no duplicates."""
    parts = parts_of(pattern)
    names = [part.name for part in parts if isinstance(part, Placeholder) and part.name]
    if not names:
        raise QueryError("at least one named placeholder is required, like <method>")
    if len(set(names)) < len(names):
        raise QueryError("a placeholder occurs twice: names must be unique")
    return parts


def filter_parts(pattern: str) -> tuple[Part, ...]:
    """Return the parts of an expression for ``|>`` and ``!>``, which must not have names."""
    parts = parts_of(pattern)
    if any(isinstance(part, Placeholder) and part.name for part in parts):
        raise QueryError("named placeholders are not allowed in a line filter: write <_>")
    return parts
