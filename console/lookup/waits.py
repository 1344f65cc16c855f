"""Find where the time was spent: waits for a worker, and the longest single step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from console.lookup.seen import MATTERS_US, Finding, Seen, name_of, took
from console.servers.jaeger import Span
from console.story.tree import peer

SHARE = 0.3
SMALL_SHARE = 0.1


def queued(seen: Seen) -> Iterator[Finding]:
    """Yield one finding per job that waited long in its queue, with the waits of all attempts added up."""
    waits: dict[str, list[tuple[int, Span]]] = defaultdict(list)
    for span in seen.spans:
        sent = seen.by_id.get(span.parent_id or "")
        if span.kind == "consumer" and sent is not None and sent.kind == "producer":
            waits[span.name].append((span.start_us - sent.end_us, span))
    for name, found in waits.items():
        wait = sum(max(0, us) for us, _ in found)
        if wait > MATTERS_US and wait > SMALL_SHARE * seen.whole_us:
            longest, span = max(found, key=lambda one: one[0])
            each = f", longest single wait {took(longest)}" if len(found) > 1 else ""
            title = f"{seen.share(wait)}: the job {name} waited for a {span.service}{each}"
            text = "No worker took the job between its publication and its start: the workers are busy, paused or down."
            yield seen.finding("wait", title, text, span, 5 + wait / seen.whole_us)


def longest(seen: Seen) -> Iterator[Finding]:
    """Yield the span whose own work takes the most time on the critical path, if that time is long."""
    span = max(seen.spans, key=seen.own_us)
    spent = seen.own_us(span)
    if spent > MATTERS_US and spent > SHARE * seen.whole_us:
        where = f"waiting for {peer(span)}" if peer(span) else "its own work"
        title = f"{seen.share(spent)}: {name_of(span)}"
        text = f"This step took most of the time ({where}). No traced call inside the step accounts for the time."
        yield seen.finding("longest", title, text, span, 3 + spent / seen.whole_us)
