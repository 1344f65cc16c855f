"""Convert parser output to valid names and values of labels."""

from __future__ import annotations

import re
from functools import lru_cache

_INVALID = re.compile("[\ud800-\udfff\ufffd]")
_FORBIDDEN = re.compile(r"[^a-zA-Z0-9_]")


@lru_cache(8192)
def label_name(key: str) -> str:
    """Return the key with "_" for each forbidden character and before a leading digit, or "" if the key is blank."""
    name = _FORBIDDEN.sub("_", key.strip())
    return "_" + name if name[:1].isdecimal() else name


@lru_cache(8192)
def nested_name(prefix: str, key: str) -> str:
    """Return the label name of a key inside the object ``prefix``."""
    return f"{prefix}_{_FORBIDDEN.sub('_', key.strip())}"


def label_value(text: str) -> str:
    """Return the text, with a blank for each invalid character."""
    return text if text.isascii() else _INVALID.sub(" ", text)
