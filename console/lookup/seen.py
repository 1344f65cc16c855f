"""The trace that the findings examine, and the wording of their sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from console.lookup.path import Piece, critical_path
from console.servers.jaeger import Span
from console.servers.loki import LogLine
from console.story.tree import peer

MATTERS_US = 50_000
"""A shorter time is not noticeable: there is nothing to explain."""

Finding = dict[str, Any]


@dataclass(frozen=True)
class Seen:
    """The spans and lines, and values derived from all of them."""

    spans: Sequence[Span]
    lines: Sequence[LogLine]
    by_id: Mapping[str, Span]
    path: Mapping[str, Sequence[Piece]]
    whole_us: int
    """From the first start to the last end."""

    @classmethod
    def of(cls, spans: Sequence[Span], lines: Sequence[LogLine]) -> Seen:
        """Return the object for these spans and lines; ``spans`` must not be empty."""
        whole = max(1, max(span.end_us for span in spans) - min(span.start_us for span in spans))
        return cls(spans, lines, {span.span_id: span for span in spans}, critical_path(spans), whole)

    def own_us(self, span: Span) -> int:
        """Return how long the request waited for the span itself, without its children."""
        return sum(end - start for start, end in self.path.get(span.span_id, ()))

    def above(self, span: Span) -> Iterator[Span]:
        """Yield the span's ancestors, its parent first."""
        met = {span.span_id}
        while (parent := self.by_id.get(span.parent_id or "")) is not None and parent.span_id not in met:
            met.add(parent.span_id)
            yield parent
            span = parent

    def share(self, us: float) -> str:
        """Return ``5.16 s of 5.38 s``."""
        return f"{took(us)} of {took(self.whole_us)}"

    def finding(self, kind: str, title: str, text: str, span: Span, weight: float) -> Finding:
        """Return one finding; the page shows the most important first."""
        return {"kind": kind, "title": title, "text": text, "span_id": span.span_id, "weight": weight}


def name_of(span: Span) -> str:
    """Return ``payments · payments.aggregate (mongodb charges)``."""
    asked = peer(span)
    return f"{span.service} · {span.name}" + (f" ({asked})" if asked else "")


def took(us: float) -> str:
    """Return a duration in words."""
    return f"{us / 1e6:.2f} s" if us >= 1e6 else f"{us / 1e3:.0f} ms"


def amount(text: object) -> str:
    """Return a count in words: ``10.8 million``, ``12 thousand``; text that is not a number is unchanged."""
    try:
        count = int(str(text))
    except ValueError:
        return str(text)
    if count >= 1_000_000:
        return f"{count / 1e6:.1f} million"
    return f"{count / 1e3:.0f} thousand" if count >= 10_000 else str(count)
