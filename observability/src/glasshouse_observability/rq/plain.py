"""Conversion of any value to Python's built-in types, for reports between processes."""

from __future__ import annotations

from typing import Any

from glasshouse_observability.safe import safe_text

MOST_LEVELS = 8
"""How deep nested values are converted; deeper ones become text."""


def plain(value: Any, levels: int = MOST_LEVELS) -> Any:
    """Return ``value`` with only built-in types in it; anything else becomes the text of ``safe_text``."""
    kind = type(value)
    if value is None or kind in (str, bool, int, float, bytes):
        return value
    # Without the value's own methods: an enumeration has its value here.
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if levels and isinstance(value, dict):
        return {_key(key): plain(one, levels - 1) for key, one in dict.items(value)}
    if levels and isinstance(value, tuple):
        return tuple(plain(one, levels - 1) for one in tuple.__iter__(value))
    if levels and isinstance(value, list):
        return [plain(one, levels - 1) for one in list.__iter__(value)]
    return safe_text(value)


def _key(key: Any) -> Any:
    return key if type(key) in (str, int) else safe_text(key)
