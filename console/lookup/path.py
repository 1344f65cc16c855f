"""The critical path: the spans that had to end before the request and its follow-up work could continue.

It is computed backwards from the last end. The child that ended last delayed its parent until then, an earlier child
delayed it before that, and in the gaps the parent itself was working. A job that continues after the request that
caused it counts as that request's last child, so the path covers all waits until the order is complete.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from console.servers.jaeger import Span

Piece = tuple[int, int]
Children = Mapping[str | None, Sequence[Span]]


def critical_path(spans: Sequence[Span]) -> dict[str, list[Piece]]:
    """Return by span id the intervals (from, to; µs since the epoch) in which the request waited for that span.

    The intervals do not overlap. Together they cover the trace, except for times without a running span, such as a wait
    in a queue. A span that nothing waited for is not included.
    """
    if not spans:
        return {}
    known = {span.span_id: span for span in spans}
    children: dict[str | None, list[Span]] = defaultdict(list)
    for span in known.values():
        children[span.parent_id if span.parent_id in known else None].append(span)
    ends = _ends(children)
    path: dict[str, list[Piece]] = defaultdict(list)
    waiting: list[tuple[str | None, int, int]] = [
        (None, min(span.start_us for span in spans), max(ends.values(), default=0))
    ]
    while waiting:
        parent, begin, at = waiting.pop()
        for child in sorted(children[parent], key=lambda child: -ends[child.span_id]):
            start, end = max(child.start_us, begin), min(ends[child.span_id], at)
            if end <= start:
                continue
            _add(path, parent, known, end, at)
            waiting.append((child.span_id, start, end))
            at = start
        _add(path, parent, known, begin, at)
    return {span_id: sorted(pieces) for span_id, pieces in path.items()}


def _ends(children: Children) -> dict[str, int]:
    """Return when a span and all its descendants had ended; spans with circular references are ignored."""
    order: list[Span] = []
    waiting = [*children.get(None, ())]
    while waiting:
        order.append(span := waiting.pop())
        waiting.extend(children.get(span.span_id, ()))
    ends: dict[str, int] = {}
    for span in reversed(order):
        ends[span.span_id] = max([span.end_us, *(ends[child.span_id] for child in children.get(span.span_id, ()))])
    return ends


def _add(path: dict[str, list[Piece]], span_id: str | None, known: Mapping[str, Span], start: int, end: int) -> None:
    """Add the interval to the span's pieces, cut at its end: until the work that it started began, it did nothing."""
    if span_id is None:
        return
    end = min(end, known[span_id].end_us)
    if end > start:
        path[span_id].append((start, end))
