"""The timeline of a drill as an SVG: a lane for each alert, its states as bars, notifications as marks.

No script, no font of its own; it is read on light and on dark pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from xml.sax.saxutils import escape

from lab.drills.report.words import seconds
from lab.drills.run.result import Happened, Result

WIDTH, LEFT, RIGHT, LANE, TOP = 960, 190, 24, 34, 74
PENDING, FIRING, BROKEN, INK, GRID = "#e0a100", "#c62828", "#c6282822", "#22303c", "#d7dde2"
Scale = Callable[[float], float]
_STEPS = (5, 10, 15, 30, 60, 120, 300, 600)
_STYLE = """
  text { font: 12px ui-sans-serif, system-ui, sans-serif; fill: #22303c }
  .title { font-size: 16px; font-weight: 600 } .dim { fill: #5b6b78 } .mark { font-size: 11px }
"""


def draw(result: Result) -> str:
    """The picture."""
    lanes = sorted(
        {event.alert for event in result.events if event.alert and event.kind != "mailed over"}, key=_by(result)
    )
    moments = [event.at for event in result.events]
    start = max(-60.0, min([-10.0, *moments]))
    end = max([result.mended + 15.0, *moments]) + 10.0
    height = TOP + LANE * max(1, len(lanes)) + 58
    scale = (WIDTH - LEFT - RIGHT) / (end - start)

    def x(at: float) -> float:
        return round(LEFT + (max(at, start) - start) * scale, 1)

    bottom = height - 50
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(result.title)}</title><style>{_STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#fbfcfd"/>',
        f'<text class="title" x="16" y="28">{escape(result.name)}: {escape(result.title)}</text>',
        f'<text class="dim" x="16" y="48">{escape(_subtitle(result))}</text>',
        f'<rect x="{x(0)}" y="{TOP - 14}" width="{x(result.mended) - x(0):.1f}" height="{bottom - TOP + 14}" '
        f'fill="{BROKEN}"/>',
        *_axis(start, end, x, bottom),
        f'<text class="mark" x="{x(0) + 3}" y="{TOP - 4}">broken</text>',
        f'<text class="mark" x="{x(result.mended) + 3}" y="{TOP - 4}">mended</text>',
    ]
    for number, lane in enumerate(lanes):
        y = TOP + LANE * number + 4
        parts += _lane(lane, [event for event in result.events if event.alert == lane], x, y, end)
    if not lanes:
        parts.append(f'<text class="dim" x="{LEFT}" y="{TOP + 22}">no alert: nobody was told anything</text>')
    parts += [*_legend(height - 14), "</svg>"]
    return "\n".join(parts) + "\n"


def _by(result: Result) -> Callable[[str], tuple[float, str]]:
    first: dict[str, float] = {}
    for event in result.events:
        first.setdefault(event.alert, event.at)
    return lambda name: (first[name], name)


def _subtitle(result: Result) -> str:
    said = [
        f"{one.alert}: detected {seconds(one.detect)}, told {seconds(one.notify)}, "
        f"over {seconds(one.resolve)} after mending"
        for one in result.alerts
    ]
    return "; ".join(said) or "no alert expected"


def _axis(start: float, end: float, x: Scale, bottom: int) -> Iterator[str]:
    step = next((one for one in _STEPS if (end - start) / one <= 14), 1800)
    at = -(-start // step) * step
    while at <= end:
        yield f'<line x1="{x(at)}" y1="{TOP - 14}" x2="{x(at)}" y2="{bottom}" stroke="{GRID}"/>'
        yield f'<text class="dim mark" x="{x(at)}" y="{bottom + 14}" text-anchor="middle">{at:.0f} s</text>'
        at += step


def _lane(name: str, events: list[Happened], x: Scale, y: int, end: float) -> Iterator[str]:
    yield f'<text x="16" y="{y + 14}">{escape(name)}</text>'
    for kind, until, colour in (("pending", ("firing", "cleared"), PENDING), ("firing", ("cleared",), FIRING)):
        for event in events:
            if event.kind == kind:
                stop = min((one.at for one in events if one.kind in until and one.at > event.at), default=None)
                # What was pending only, and went away: for how long is not told.
                stop = stop if stop is not None else (end if kind == "firing" else event.at + 3)
                width = max(2.0, x(stop) - x(event.at))
                yield f'<rect x="{x(event.at)}" y="{y + 2}" width="{width:.1f}" height="16" rx="3" fill="{colour}"/>'
    for event in events:
        if event.kind in ("told", "over"):
            colour = INK if event.kind == "told" else "#2e7d32"
            yield f'<path d="M{x(event.at)} {y - 3} l5 -7 h-10 z" fill="{colour}"/>'
            yield f'<line x1="{x(event.at)}" y1="{y - 4}" x2="{x(event.at)}" y2="{y + 20}" stroke="{colour}"/>'
        elif event.kind in ("mailed", "mailed over"):
            yield f'<circle cx="{x(event.at)}" cy="{y + 23}" r="2.5" fill="{INK}"/>'


def _legend(y: int) -> Iterator[str]:
    marks = (
        (f'<rect x="0" y="-9" width="14" height="10" rx="2" fill="{PENDING}"/>', "pending"),
        (f'<rect x="0" y="-9" width="14" height="10" rx="2" fill="{FIRING}"/>', "firing"),
        (f'<path d="M7 0 l5 -8 h-10 z" fill="{INK}"/>', "told (webhook)"),
        (f'<circle cx="7" cy="-4" r="3" fill="{INK}"/>', "e-mail"),
        ('<path d="M7 0 l5 -8 h-10 z" fill="#2e7d32"/>', "told that it is over"),
    )
    for number, (mark, text) in enumerate(marks):
        yield f'<g transform="translate({LEFT + number * 140} {y})">{mark}<text x="20">{text}</text></g>'
