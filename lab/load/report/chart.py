"""A line chart as SVG: no script, no font of its own, read on light and on dark pages. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 920, 260, 64, 150, 40, 34
COLOURS = ("#1565c0", "#c62828", "#2e7d32", "#e07b00", "#6a1b9a", "#00838f", "#5d4037", "#546e7a")
STYLE = (
    "text{font:12px ui-sans-serif,system-ui,sans-serif;fill:#22303c}.t{font-size:15px;font-weight:600}.d{fill:#5b6b78}"
)
_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)


@dataclass(frozen=True)
class Line:
    """``points``: (seconds since the start, value); ``None`` leaves a gap."""

    name: str
    points: Sequence[tuple[float, float | None]]


def chart(title: str, unit: str, lines: Sequence[Line], logarithmic: bool = False) -> str:
    """The picture. ``logarithmic`` is for values that span decades, such as latencies; 0 is left out then."""
    values = [
        value for line in lines for _, value in line.points if value is not None and (value > 0 or not logarithmic)
    ]
    end = max((at for line in lines for at, _ in line.points), default=1.0) or 1.0
    top = max(values, default=1.0) or 1.0
    ticks = _decades(min(values, default=top), top) if logarithmic else _round_steps(top)
    y = _scale(ticks[0], ticks[-1], logarithmic)

    def x(at: float) -> float:
        return LEFT + at / end * (WIDTH - LEFT - RIGHT)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#fbfcfd"/>',
        f'<text class="t" x="16" y="24">{escape(title)}</text>',
    ]
    for tick in ticks:
        parts.append(f'<path d="M{LEFT} {y(tick):.1f}H{WIDTH - RIGHT}" stroke="#d7dde2"/>')
        label = f"{tick:g} {unit}".strip()
        parts.append(f'<text class="d" x="{LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{escape(label)}</text>')
    step = next((step for step in _SECONDS if end / step <= 9), _SECONDS[-1])
    for number in range(int(end / step) + 1):
        at = number * step
        said = f"{at // 60}:{at % 60:02d}"
        parts.append(f'<text class="d" x="{x(at):.1f}" y="{HEIGHT - 12}" text-anchor="middle">{said}</text>')
    for number, line in enumerate(lines):
        colour = COLOURS[number % len(COLOURS)]
        parts.append(f'<path d="{_path(line, x, y, logarithmic)}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
        place = TOP + 8 + 18 * number
        parts.append(f'<path d="M{WIDTH - RIGHT + 12} {place - 4}h18" stroke="{colour}" stroke-width="3"/>')
        parts.append(f'<text x="{WIDTH - RIGHT + 36}" y="{place}">{escape(line.name)}</text>')
    return "".join([*parts, "</svg>"])


def _path(line: Line, x: Callable[[float], float], y: Callable[[float], float], logarithmic: bool) -> str:
    said, pen = [], "M"
    for at, value in line.points:
        if value is None or (logarithmic and value <= 0):
            pen = "M"
            continue
        said.append(f"{pen}{x(at):.1f} {y(value):.1f}")
        pen = "L"
    return "".join(said)


def _scale(low: float, high: float, logarithmic: bool) -> Callable[[float], float]:
    def of(value: float) -> float:
        return math.log10(value) if logarithmic else value

    span = (of(high) - of(low)) or 1.0
    return lambda value: HEIGHT - BOTTOM - (of(value) - of(low)) / span * (HEIGHT - TOP - BOTTOM)


def _decades(low: float, high: float) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return [10.0**power for power in range(first, max(last, first + 1) + 1)]


def _round_steps(top: float) -> list[float]:
    power = 10 ** math.floor(math.log10(top / 4))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power * 4 >= top)
    return [round(step * number, 10) for number in range(math.ceil(top / step - 1e-9) + 1)]
