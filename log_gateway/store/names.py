"""Convert between names of labels in LogQL and names of fields in the store.

Loki replaces each character of an attribute's name that is invalid in a label with an underscore: ``service.name``
becomes ``service_name``. VictoriaLogs keeps the name unchanged. A label can therefore correspond to several fields.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import product

MESSAGE, TIME, STREAM, STREAM_ID = "_msg", "_time", "_stream", "_stream_id"
SPECIAL = frozenset((MESSAGE, TIME, STREAM, STREAM_ID))

# VictoriaLogs fills these in if OTLP omits them. Loki has no such labels then, so `rows` hides them.
FILLED_IN = frozenset(("severity_text", "severity_number", "scope_name", "scope_version"))

_INVALID = re.compile(r"[^a-zA-Z0-9_]")
# OpenTelemetry's names have dots, HTTP headers hyphens. More underscores than this give too many combinations.
_SEPARATORS = ("_", ".", "-")
_MOST_SEPARATORS = {0: _SEPARATORS, 1: _SEPARATORS, 2: _SEPARATORS, 3: _SEPARATORS[:2], 4: _SEPARATORS[:2]}


@lru_cache(maxsize=4096)
def label_of(field: str) -> str:
    """Return the label name of a field."""
    name = _INVALID.sub("_", field)
    return f"key_{name}" if name[:1].isdigit() else name


@lru_cache(maxsize=1024)
def fields_of(label: str) -> tuple[str, ...]:
    """Return the possible field names of a label, or none if there are too many or the store sets the field."""
    parts = label.split("_")
    separators = _MOST_SEPARATORS.get(len(parts) - 1)
    if label.startswith("_") or label in FILLED_IN or separators is None:
        return ()
    found = []
    for chosen in product(separators, repeat=len(parts) - 1):
        found.append(parts[0] + "".join(separator + part for separator, part in zip(chosen, parts[1:], strict=True)))
    return tuple(found)


def quoted(text: str) -> str:
    """Return ``text`` as a LogsQL string, which VictoriaLogs unquotes by Go's rules."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char >= " " and char != "\x7f" else f"\\x{ord(char):02x}" for char in escaped) + '"'


def stream_labels(text: str) -> dict[str, str]:
    """Return the labels in a row's ``_stream``, such as ``{level="INFO",service.name="api"}``."""
    return {label_of(name): value for name, value in stream_fields(text).items()}


def stream_fields(text: str) -> dict[str, str]:
    """Return the labels in a row's ``_stream`` with field names as keys."""
    fields = {}
    for found in _STREAM_LABEL.finditer(text):
        name = _unquoted(found[1]) if found[1].startswith('"') else found[1]
        fields[name] = _unquoted(found[2])
    return fields


_STREAM_LABEL = re.compile(r'("(?:[^"\\]|\\.)*"|[^{},="]+)=("(?:[^"\\]|\\.)*")', re.DOTALL)
_ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|.)", re.DOTALL | re.IGNORECASE)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def _unquoted(text: str) -> str:
    """Undo Go's strconv.Quote."""

    def char(found: re.Match[str]) -> str:
        escape = found[1]
        return chr(int(escape[1:], 16)) if len(escape) > 1 else _SIMPLE.get(escape, escape)

    return _ESCAPE.sub(char, text[1:-1])
