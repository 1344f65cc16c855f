"""The timeline of a drill as SVG, with one lane per alert, its states as bars and notifications as marks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lab.charts.scales import Scale, scale
from lab.charts.svg import Markup, document, element, line, rect, text
from lab.drills.report.words import seconds
from lab.drills.run.result import Happened, Result

WIDTH, LEFT, RIGHT, LANE, TOP = 960, 190, 24, 34, 74
PENDING, FIRING, BROKEN, INK, GRID, DIM = "#e0a100", "#c62828", "#c6282822", "#22303c", "#d7dde2", "#5b6b78"
RESOLVED = "#2e7d32"
_STEPS = (5, 10, 15, 30, 60, 120, 300, 600)


def draw(result: Result) -> str:
    """Return the picture."""
    lanes = sorted(
        {event.alert for event in result.events if event.alert and event.kind != "mailed resolved"}, key=_by(result)
    )
    moments = [event.at for event in result.events]
    start = max(-60.0, min([-10.0, *moments]))
    end = max([result.cleared + 15.0, *moments]) + 10.0
    height = TOP + LANE * max(1, len(lanes)) + 58
    to_x, bottom = scale(start, end, LEFT, WIDTH - RIGHT), height - 50

    def x(at: float) -> float:
        return round(to_x(max(at, start)), 1)

    title = f"{result.name}: {result.title}"
    parts = [
        text(16, 28, title, font_size=16, font_weight=600),
        text(16, 48, _subtitle(result), fill=DIM),
        rect(x(0), TOP - 14, x(result.cleared) - x(0), bottom - TOP + 14, fill=BROKEN),
        *_axis(start, end, x, bottom),
        text(x(0) + 3, TOP - 4, "broken", font_size=11),
        text(x(result.cleared) + 3, TOP - 4, "cleared", font_size=11),
    ]
    for number, lane in enumerate(lanes):
        y = TOP + LANE * number + 4
        parts += _lane(lane, [event for event in result.events if event.alert == lane], x, y, end)
    if not lanes:
        parts.append(text(LEFT, TOP + 22, "no alert fired", fill=DIM))
    return document(WIDTH, height, title, *parts, *_legend(height - 14)) + "\n"


def _by(result: Result) -> Callable[[str], tuple[float, str]]:
    first: dict[str, float] = {}
    for event in result.events:
        first.setdefault(event.alert, event.at)
    return lambda name: (first[name], name)


def _subtitle(result: Result) -> str:
    alerts = [
        f"{one.alert}: detected {seconds(one.detect)}, notified {seconds(one.notify)}, "
        f"resolved {seconds(one.resolve)} after the fault was cleared"
        for one in result.alerts
    ]
    return "; ".join(alerts) or "no alert expected"


def _axis(start: float, end: float, x: Scale, bottom: int) -> Iterator[Markup]:
    step = next((one for one in _STEPS if (end - start) / one <= 14), 1800)
    at = -(-start // step) * step
    while at <= end:
        yield line(x(at), TOP - 14, x(at), bottom, stroke=GRID)
        yield text(x(at), bottom + 14, f"{at:.0f} s", text_anchor="middle", font_size=11, fill=DIM)
        at += step


def _lane(name: str, events: list[Happened], x: Scale, y: int, end: float) -> Iterator[Markup]:
    yield text(16, y + 14, name)
    for kind, until, colour in (("pending", ("firing", "inactive"), PENDING), ("firing", ("inactive",), FIRING)):
        for event in events:
            if event.kind == kind:
                stop = min((one.at for one in events if one.kind in until and one.at > event.at), default=None)
                # An alert that was only pending: the timeline does not contain its end.
                stop = stop if stop is not None else (end if kind == "firing" else event.at + 3)
                yield rect(x(event.at), y + 2, max(2.0, x(stop) - x(event.at)), 16, rx=3, fill=colour)
    for event in events:
        if event.kind in ("notified", "resolved"):
            colour = INK if event.kind == "notified" else RESOLVED
            yield element("path", d=f"M{x(event.at)} {y - 3} l5 -7 h-10 z", fill=colour)
            yield line(x(event.at), y - 4, x(event.at), y + 20, stroke=colour)
        elif event.kind in ("mailed", "mailed resolved"):
            yield element("circle", cx=x(event.at), cy=y + 23, r="2.5", fill=INK)


def _legend(y: int) -> Iterator[Markup]:
    marks = (
        (rect(0, -9, 14, 10, rx=2, fill=PENDING), "pending"),
        (rect(0, -9, 14, 10, rx=2, fill=FIRING), "firing"),
        (element("path", d="M7 0 l5 -8 h-10 z", fill=INK), "notified (webhook)"),
        (element("circle", cx=7, cy=-4, r=3, fill=INK), "e-mail"),
        (element("path", d="M7 0 l5 -8 h-10 z", fill=RESOLVED), "notified: resolved"),
    )
    for number, (mark, label) in enumerate(marks):
        yield element("g", mark, text(20, 0, label), transform=f"translate({LEFT + number * 140} {y})")
