"""A chart of cost over size with logarithmic axes and one panel for each subject."""

from __future__ import annotations

from collections.abc import Sequence

from lab.bench.scaling.measure import Curve
from lab.charts.scales import decades, scale
from lab.charts.svg import Markup, document, element, line, text

WIDTH, PANEL, LEFT, RIGHT, TOP, BOTTOM = 860, 210, 70, 230, 34, 34
GRID, DIM = "#ddd", "#666"
_COLOURS = ("#1a7f5a", "#c2703d", "#3b6fb6", "#8a5bb0", "#b0403a")


def svg(curves: Sequence[Curve], foot: str) -> str:
    """Return the chart; ``foot`` describes the machine."""
    parts: list[Markup] = []
    y = 8
    for subject in dict.fromkeys(curve.subject for curve in curves):
        parts += _panel(subject, [curve for curve in curves if curve.subject == subject], y)
        y += PANEL
    parts.append(text(12, y + 16, foot, font_size=11, fill=DIM))
    return document(WIDTH, y + 30, "How cost grows with size", *parts, background="#fff") + "\n"


def _panel(subject: str, curves: Sequence[Curve], top: int) -> list[Markup]:
    sizes = sorted({size for curve in curves for size, _ in curve.points})
    costs = [seconds for curve in curves for _, seconds in curve.points]
    size_ticks, cost_ticks = decades(min(sizes), max(sizes)), decades(min(costs), max(costs))
    bottom, right = top + PANEL - BOTTOM, WIDTH - RIGHT
    x = scale(size_ticks[0], size_ticks[-1], LEFT, right, logarithmic=True)
    y = scale(cost_ticks[0], cost_ticks[-1], bottom, top + TOP, logarithmic=True)
    parts = [text(12, top + 18, subject, font_size=15, font_weight=600)]
    for size in sizes:
        parts += [line(x(size), top + TOP, x(size), bottom, stroke=GRID)]
        parts += [text(x(size), bottom + 16, f"{size:,}", font_size=11, fill=DIM, text_anchor="middle")]
    for tick in cost_ticks:
        parts += [line(LEFT, y(tick), right, y(tick), stroke=GRID)]
        parts += [text(LEFT - 8, y(tick) + 4, duration(tick), font_size=11, fill=DIM, text_anchor="end")]
    for place, (curve, colour) in enumerate(zip(curves, _COLOURS, strict=False)):
        path = " ".join(f"{x(size):.1f},{y(seconds):.1f}" for size, seconds in curve.points)
        parts.append(element("polyline", points=path, fill="none", stroke=colour, stroke_width=2))
        parts += [element("circle", cx=x(size), cy=y(cost), r=3, fill=colour) for size, cost in curve.points]
        label = f"{curve.operation} ({duration(curve.points[-1][1])})"
        parts.append(text(right + 12, top + TOP + 12 + 20 * place, label, fill=colour))
    return parts


def duration(seconds: float) -> str:
    """Format a duration with three digits and a unit from ns to s."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        # A value that rounds to 1000 uses the next unit.
        if seconds * factor >= 0.9995:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"
