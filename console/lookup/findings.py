"""What took the time, in sentences: so that nobody has to read a waterfall to know where to look.

A span's own time is what none of its children accounts for. The slowest own time is the answer to "why does it take so
long?"; the rest says what is peculiar about it: a query without an index, a wait in the queue, many equal queries.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from console.servers.jaeger import Span
from console.servers.loki import LogLine
from console.story.tree import peer

MATTERS_US = 50_000
"""Below this nobody waits: there is nothing to explain."""
SHARE = 0.3
MANY = 8
_SCAN = "COLLSCAN"
_EXAMINED = re.compile(r"docs?_?examined$", re.IGNORECASE)
_RETURNED = re.compile(r"(n_?returned|docs?_?returned)$", re.IGNORECASE)

Finding = dict[str, Any]


def findings(spans: Sequence[Span], lines: Sequence[LogLine]) -> list[Finding]:
    """Return what to look at, the most telling first; empty if nothing is peculiar."""
    if not spans:
        return []
    found = [*_scans(spans, lines), *_waits(spans), *_errors(spans), *_repeated(spans)]
    explained = {finding["span_id"] for finding in found}
    found += [finding for finding in _longest(spans) if finding["span_id"] not in explained]
    return sorted(found, key=lambda finding: -finding["weight"])


def own_times(spans: Sequence[Span]) -> dict[str, int]:
    """Return for each span the µs in which none of its children ran."""
    children = defaultdict(list)
    for span in spans:
        children[span.parent_id].append(span)
    return {span.span_id: span.duration_us - _covered(span, children[span.span_id]) for span in spans}


def _covered(span: Span, children: Iterable[Span]) -> int:
    """Children may overlap, and run on after their parent (a job after the request that asked for it)."""
    total, reached = 0, span.start_us
    for child in sorted(children, key=lambda child: child.start_us):
        begin, end = max(child.start_us, reached), min(child.end_us, span.end_us)
        if end > begin:
            total, reached = total + end - begin, end
    return total


def _scans(spans: Sequence[Span], lines: Sequence[LogLine]) -> Iterable[Finding]:
    told = {line.span_id: line.fields for line in lines if any(_SCAN in value for value in line.fields.values())}
    whole = _whole(spans)
    for span in spans:
        attributes: Mapping[str, Any] = span.attributes
        for event in span.events:
            attributes = {**attributes, **event.attributes}
        if span.span_id in told:
            attributes = {**attributes, **told[span.span_id]}
        if not any(_SCAN in str(value) for value in attributes.values()):
            continue
        where = str(attributes.get("db.collection.name") or "the collection")
        yield _finding(
            "scan",
            f"A query on {where} uses no index",
            f"{_ms(span.duration_us)} of {_ms(whole)} is one query that reads the whole of {where} (plan: {_SCAN})"
            f"{_amounts(attributes)}. An index on the fields that it filters by is missing.",
            span,
            10 + span.duration_us / whole,
        )


def _amounts(attributes: Mapping[str, Any]) -> str:
    examined = next((value for name, value in attributes.items() if _EXAMINED.search(name)), None)
    returned = next((value for name, value in attributes.items() if _RETURNED.search(name)), None)
    if examined is None:
        return ""
    return f": {examined} documents read" + (f" to return {returned}" if returned is not None else "")


def _waits(spans: Sequence[Span]) -> Iterable[Finding]:
    """A job that began long after it was published waited in its queue."""
    by_id, whole = {span.span_id: span for span in spans}, _whole(spans)
    for span in spans:
        sent = by_id.get(span.parent_id or "")
        if span.kind != "consumer" or sent is None or sent.kind != "producer":
            continue
        wait = span.start_us - sent.end_us
        if wait > max(MATTERS_US, SHARE * whole):
            text = f"{_ms(wait)} of {_ms(whole)} passed before a worker took the job: workers are busy, paused or down."
            yield _finding("wait", "The job waited in the queue", text, span, 5 + wait / whole)


def _errors(spans: Sequence[Span]) -> Iterable[Finding]:
    """The deepest failures: those whose children did not fail are where it began."""
    failed = [span for span in spans if span.error]
    passed_on = {span.parent_id for span in failed}
    for span in [span for span in failed if span.span_id not in passed_on][:5]:
        said = next((event for event in span.events if event.name == "exception"), None)
        reason = str(said.attributes.get("exception.message") or span.error) if said else str(span.error)
        yield _finding("error", f"{span.service}: {span.name} failed", f"It began here: {reason[:300]}", span, 8)


def _repeated(spans: Sequence[Span]) -> Iterable[Finding]:
    """Many equal queries under one parent: usually one query too few."""
    counts: Counter[tuple[str | None, str, str]] = Counter()
    firsts: dict[tuple[str | None, str, str], Span] = {}
    totals: Counter[tuple[str | None, str, str]] = Counter()
    for span in spans:
        if span.kind == "client":
            key = (span.parent_id, span.name, peer(span))
            counts[key] += 1
            totals[key] += span.duration_us
            firsts.setdefault(key, span)
    for key, count in counts.items():
        if count >= MANY and totals[key] > MATTERS_US:
            text = f"{count} times {key[1]} ({key[2]}), {_ms(totals[key])} in all: could one query do?"
            yield _finding(
                "repeated", "The same call again and again", text, firsts[key], 1 + totals[key] / _whole(spans)
            )


def _longest(spans: Sequence[Span]) -> Iterable[Finding]:
    own, whole = own_times(spans), _whole(spans)
    span = max(spans, key=lambda one: own[one.span_id])
    spent = own[span.span_id]
    if spent > MATTERS_US and spent > SHARE * whole:
        at = f" on {peer(span)}" if peer(span) else ""
        text = (
            f"{_ms(spent)} of {_ms(whole)} is {span.name}{at} in {span.service} itself, none of it in a further call."
        )
        yield _finding("longest", f"Most of the time is {span.service}: {span.name}", text, span, 3 + spent / whole)


def _finding(kind: str, title: str, text: str, span: Span, weight: float) -> Finding:
    return {"kind": kind, "title": title, "text": text, "span_id": span.span_id, "weight": weight}


def _whole(spans: Sequence[Span]) -> int:
    return max(1, max(span.end_us for span in spans) - min(span.start_us for span in spans))


def _ms(us: float) -> str:
    return f"{us / 1e6:.2f} s" if us >= 1e6 else f"{us / 1e3:.0f} ms"
