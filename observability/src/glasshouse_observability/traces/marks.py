"""The mark of a span in which a value was replaced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

REPAIRED = "telemetry.repaired"
"""The attribute of a span that lists its attributes and other parts in which a value was replaced."""
_MOST_MARKS = 100


def with_marks(attributes: Mapping[str, Any] | None, parts: Iterable[str]) -> tuple[str, ...]:
    """Return the value of the mark for a span with these attributes after more of its ``parts`` were repaired."""
    marked = (attributes or {}).get(REPAIRED, ())
    known = marked if type(marked) is tuple else ()
    return tuple(dict.fromkeys((*known, *parts)))[:_MOST_MARKS]
