"""Convert rows of VictoriaLogs to entries of LogQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache

import orjson

from log_gateway.source import Entry
from log_gateway.store.names import FILLED_IN, MESSAGE, SPECIAL, STREAM, TIME, label_of, stream_fields
from log_gateway.store.numbers import MARK, unmarked

_UNKNOWN = "unknown"
_SEVERITIES = (
    "Unspecified",
    *(name + number for name in ("Trace", "Debug", "Info", "Warn", "Error", "Fatal") for number in ("", "2", "3", "4")),
)


def entries_of(lines: Iterable[bytes]) -> Iterator[tuple[Entry, bytes]]:
    """Yield an entry for each JSON line, and the line itself. Equal rows have equal lines."""
    for raw in lines:
        if raw:
            yield entry_of(raw), raw


def entry_of(raw: bytes) -> Entry:
    """Return the entry of one row. A byte that is not UTF-8 arrives as U+FFFD."""
    try:
        row = orjson.loads(raw)
    except orjson.JSONDecodeError:
        row = orjson.loads(raw.decode(errors="replace"))
    stream, fields = _stream(row.get(STREAM, ""))
    metadata = {
        label_of(name): unmarked(value) if value.endswith(MARK) else value
        for name, value in row.items()
        if name not in fields
    }
    if not FILLED_IN.isdisjoint(metadata):
        for label in FILLED_IN & metadata.keys():
            if _is_filled_in(label, metadata[label], metadata):
                del metadata[label]
    return Entry(nanoseconds(row[TIME]), unmarked(row.get(MESSAGE, "")), stream, metadata)


@lru_cache(maxsize=4096)
def _stream(text: str) -> tuple[Mapping[str, str], frozenset[str]]:
    """Return a stream's labels, and the fields of its rows that are not metadata."""
    fields = stream_fields(text)
    return {label_of(name): value for name, value in fields.items()}, SPECIAL | fields.keys()


def nanoseconds(text: str) -> int:
    """Convert a time of the store (RFC 3339, UTC, up to nine decimals) to nanoseconds since the epoch.

    Raises ValueError if it is invalid.
    """
    if not text.endswith("Z"):
        raise ValueError(f"not a time of the store: {text!r}")
    return _seconds(text[:19]) * 1_000_000_000 + int(text[20:-1].ljust(9, "0"))


@lru_cache(maxsize=8192)
def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def _is_filled_in(label: str, value: str, row: Mapping[str, str]) -> bool:
    """Return whether VictoriaLogs' OTLP receiver filled in the value because the sender omitted it."""
    if label in ("scope_name", "scope_version"):
        return value == _UNKNOWN
    number = row.get("severity_number", "")
    if label == "severity_number":
        return number == "0"
    known = int(number) if number.isdecimal() and int(number) < len(_SEVERITIES) else 0
    return value == _SEVERITIES[known]
