"""Describe what took the time, in sentences, so that the user does not have to interpret a waterfall.

The longest step of the critical path explains the duration. Other findings describe unusual properties: a query without
an index, a wait in the queue, a failure and its retries, many identical calls.
"""

from __future__ import annotations

from collections.abc import Sequence

from console.lookup.scans import scans
from console.lookup.seen import Finding, Seen
from console.lookup.troubles import errors, repeated, tries
from console.lookup.waits import longest, queued
from console.servers.jaeger import Span
from console.servers.loki import LogLine

MOST = 8


def findings(spans: Sequence[Span], lines: Sequence[LogLine]) -> list[Finding]:
    """Return the findings, the most important first; empty if nothing is unusual."""
    if not spans:
        return []
    seen = Seen.of(spans, lines)
    found = [*scans(seen), *errors(seen), *tries(seen), *queued(seen), *repeated(seen)]
    found += [one for one in longest(seen) if not _is_explained(seen, one, found)]
    return sorted(found, key=lambda one: -one["weight"])[:MOST]


def _is_explained(seen: Seen, longest: Finding, found: Sequence[Finding]) -> bool:
    """Return whether a scan or a failure of the span or of one of its callers explains its duration."""
    span = seen.by_id[longest["span_id"]]
    line = {span.span_id, *(above.span_id for above in seen.above(span))}
    return any(one["kind"] in ("scan", "error") and one["span_id"] in line for one in found)
