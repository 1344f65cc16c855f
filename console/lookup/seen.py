"""A trace as the findings look at it, and how they speak of it."""

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
    """Spans and lines, and what follows from all of them together."""

    spans: Sequence[Span]
    lines: Sequence[LogLine]
    by_id: Mapping[str, Span]
    path: Mapping[str, Sequence[Piece]]
    whole_us: int
    """From the first start to the last end."""

    @classmethod
    def of(cls, spans: Sequence[Span], lines: Sequence[LogLine]) -> Seen:
        """Return it; ``spans`` must not be empty."""
        whole = max(1, max(span.end_us for span in spans) - min(span.start_us for span in spans))
        return cls(spans, lines, {span.span_id: span for span in spans}, critical_path(spans), whole)

    def own_us(self, span: Span) -> int:
        """How long the span itself, none of its children, held everything up."""
        return sum(end - start for start, end in self.path.get(span.span_id, ()))

    def above(self, span: Span) -> Iterator[Span]:
        """The span's parent, its parent's parent and so on."""
        met = {span.span_id}
        while (parent := self.by_id.get(span.parent_id or "")) is not None and parent.span_id not in met:
            met.add(parent.span_id)
            yield parent
            span = parent

    def share(self, us: float) -> str:
        """``5.16 s of 5.38 s``."""
        return f"{took(us)} of {took(self.whole_us)}"

    def finding(self, kind: str, title: str, text: str, span: Span, weight: float) -> Finding:
        """As the page gets it: the heaviest is shown first."""
        return {"kind": kind, "title": title, "text": text, "span_id": span.span_id, "weight": weight}


def name_of(span: Span) -> str:
    """``payments · payments.aggregate (mongodb charges)``."""
    asked = peer(span)
    return f"{span.service} · {span.name}" + (f" ({asked})" if asked else "")


def took(us: float) -> str:
    """A duration in words."""
    return f"{us / 1e6:.2f} s" if us >= 1e6 else f"{us / 1e3:.0f} ms"


def amount(text: object) -> str:
    """A count in words: ``10.8 million``, ``12 thousand``; what is no number as it is."""
    try:
        count = int(str(text))
    except ValueError:
        return str(text)
    if count >= 1_000_000:
        return f"{count / 1e6:.1f} million"
    return f"{count / 1e3:.0f} thousand" if count >= 10_000 else str(count)
