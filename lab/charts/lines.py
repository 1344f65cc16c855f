"""A chart of lines over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab.charts.scales import Scale, decades, round_steps, scale
from lab.charts.svg import document, element, text

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 920, 260, 64, 150, 40, 34
COLOURS = ("#1565c0", "#c62828", "#2e7d32", "#e07b00", "#6a1b9a", "#00838f", "#5d4037", "#546e7a")
GRID, DIM = "#d7dde2", "#5b6b78"
_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)


@dataclass(frozen=True)
class Line:
    """``points``: (seconds since the start, value); ``None`` leaves a gap."""

    name: str
    points: Sequence[tuple[float, float | None]]


def chart(title: str, unit: str, lines: Sequence[Line], logarithmic: bool = False) -> str:
    """Return the chart as SVG. ``logarithmic`` is for values that span decades, such as latencies; it omits 0."""
    values = [
        value for line in lines for _, value in line.points if value is not None and (value > 0 or not logarithmic)
    ]
    end = max((at for line in lines for at, _ in line.points), default=1.0) or 1.0
    top = max(values, default=1.0) or 1.0
    ticks = decades(min(values, default=top), top) if logarithmic else round_steps(top)
    x = scale(0.0, end, LEFT, WIDTH - RIGHT)
    y = scale(ticks[0], ticks[-1], HEIGHT - BOTTOM, TOP, logarithmic)
    parts = [text(16, 24, title, font_size=15, font_weight=600)]
    for tick in ticks:
        parts.append(element("path", d=f"M{LEFT} {y(tick):.1f}H{WIDTH - RIGHT}", stroke=GRID))
        parts.append(text(LEFT - 6, y(tick) + 4, f"{tick:g} {unit}".strip(), text_anchor="end", fill=DIM))
    step = next((step for step in _SECONDS if end / step <= 9), _SECONDS[-1])
    for at in range(0, int(end / step) * step + 1, step):
        parts.append(text(x(at), HEIGHT - 12, f"{at // 60}:{at % 60:02d}", text_anchor="middle", fill=DIM))
    for number, line in enumerate(lines):
        colour, place = COLOURS[number % len(COLOURS)], TOP + 8 + 18 * number
        parts += [
            element("path", d=_path(line, x, y, logarithmic), fill="none", stroke=colour, stroke_width="1.8"),
            element("path", d=f"M{WIDTH - RIGHT + 12} {place - 4}h18", stroke=colour, stroke_width=3),
            text(WIDTH - RIGHT + 36, place, line.name),
        ]
    return document(WIDTH, HEIGHT, title, *parts)


def _path(line: Line, x: Scale, y: Scale, logarithmic: bool) -> str:
    steps, pen = [], "M"
    for at, value in line.points:
        if value is None or (logarithmic and value <= 0):
            pen = "M"
            continue
        steps.append(f"{pen}{x(at):.1f} {y(value):.1f}")
        pen = "L"
    return "".join(steps)
