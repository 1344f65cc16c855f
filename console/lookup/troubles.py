"""Find failures, retries and repeated calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from console.lookup.seen import MATTERS_US, Finding, Seen, name_of, took
from console.servers.jaeger import Span
from console.story.tree import peer

MANY = 8
_MOST_ERRORS = 4
_ORDINALS = ("", "once", "twice", "three times", "four times", "five times")


def errors(seen: Seen) -> Iterator[Finding]:
    """Yield the deepest failures, because their callers only propagate them. Identical failures are reported once."""
    failed = [span for span in seen.spans if span.error]
    passed_on = {span.parent_id for span in failed}
    alike: dict[str, list[Span]] = defaultdict(list)
    for span in sorted(failed, key=lambda span: span.start_us):
        if span.span_id not in passed_on:
            alike[name_of(span)].append(span)
    for name, spans in list(alike.items())[:_MOST_ERRORS]:
        first = spans[0]
        times = f" {_times(len(spans))}" if len(spans) > 1 else ""
        above = [f"{one.service} · {one.name}" for one in seen.above(first) if one.error]
        then = f" Failed callers: {', '.join(above)}." if above else ""
        title = f"{name} failed{times}, after {took(first.duration_us)}"
        yield seen.finding(
            "error", title, f"{_reason(seen, first)}.{then}", first, 8 + first.duration_us / seen.whole_us
        )


def _reason(seen: Seen, span: Span) -> str:
    """Return the exception message, which is often recorded in the caller's span and not in the failed span."""
    for one in (span, *(above for above in seen.above(span) if above.error)):
        said = next((event for event in one.events if event.name == "exception"), None)
        if said:
            kind = str(said.attributes.get("exception.type", "")).rsplit(".", 1)[-1]
            return f"{kind}: {said.attributes.get('exception.message', '')}"[:300].strip(": .")
    return str(span.error)[:300].rstrip(".")


def tries(seen: Seen) -> Iterator[Finding]:
    """Yield jobs that ran more than once and calls that were retried after a failure."""
    jobs: dict[tuple[str, str], list[Span]] = defaultdict(list)
    calls: dict[tuple[str | None, str, str], list[Span]] = defaultdict(list)
    for span in sorted(seen.spans, key=lambda span: span.start_us):
        if span.kind == "consumer":
            jobs[span.service, span.name].append(span)
        elif span.kind == "client":
            calls[span.parent_id, span.name, peer(span)].append(span)
    repeats = [spans for spans in jobs.values() if len(spans) > 1]
    repeats += [spans for spans in calls.values() if len(spans) > 1 and any(span.error for span in spans[:-1])]
    for spans in repeats:
        first, last = spans[0], spans[-1]
        lasted = last.end_us - first.start_us
        idle = lasted - sum(span.duration_us for span in spans)
        text = f"All attempts took {took(lasted)} in total"
        text += f", of which {took(idle)} between attempts." if idle > MATTERS_US else "."
        title = f"{name_of(first)} was attempted {_times(len(spans))}"
        yield seen.finding("retry", title, text, last, 6 + lasted / seen.whole_us)


def repeated(seen: Seen) -> Iterator[Finding]:
    """Yield groups of many identical calls under one parent, which one query could usually replace."""
    alike: dict[tuple[str | None, str], list[Span]] = defaultdict(list)
    for span in seen.spans:
        if span.kind == "client":
            alike[span.parent_id, name_of(span)].append(span)
    for (_, name), spans in alike.items():
        total = sum(span.duration_us for span in spans)
        if len(spans) >= MANY and total > MATTERS_US:
            title = f"{seen.share(total)}: {name}, {len(spans)} times"
            text = "The same call was repeated sequentially. Consider replacing the calls with one."
            yield seen.finding("repeated", title, text, spans[0], 1 + total / seen.whole_us)


def _times(count: int) -> str:
    return _ORDINALS[count] if count < len(_ORDINALS) else f"{count} times"
