"""Find queries that scan a whole collection because an index is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from console.lookup.seen import Finding, Seen, amount
from console.servers.jaeger import Span

_SCAN = "COLLSCAN"
_EXAMINED = re.compile(r"docs?_?examined$", re.IGNORECASE)
_RETURNED = re.compile(r"(n_?returned|docs?_?returned)$", re.IGNORECASE)


def scans(seen: Seen) -> Iterator[Finding]:
    """Yield one finding per span whose attributes, events or log lines report a collection scan."""
    logged = {line.span_id: line.fields for line in seen.lines if _names_scan(line.fields)}
    for span in seen.spans:
        facts: dict[str, Any] = dict(span.attributes)
        for event in span.events:
            facts |= event.attributes
        facts |= logged.get(span.span_id, {})
        if _names_scan(facts):
            yield _finding(seen, span, facts)


def _names_scan(facts: Mapping[str, Any]) -> bool:
    return any(_SCAN in str(value) for value in facts.values())


def _finding(seen: Seen, span: Span, facts: Mapping[str, Any]) -> Finding:
    where = str(facts.get("db.collection.name") or facts.get("collection") or "")
    examined = next((value for name, value in facts.items() if _EXAMINED.search(name)), None)
    returned = next((value for name, value in facts.items() if _RETURNED.search(name)), None)
    reads = f"scans the whole collection {where}".rstrip()
    counted = f", {amount(examined)} documents examined" if examined is not None else ""
    given = f", {amount(returned)} returned" if returned is not None else ""
    return seen.finding(
        "scan",
        f"{seen.share(span.duration_us)}: {span.service} · {span.name} {reads}",
        f"{_SCAN} without an index{counted}{given}. An index on the filtered fields is missing or was dropped. "
        "With the index, the query reads only the documents that it returns.",
        span,
        10 + span.duration_us / seen.whole_us,
    )
