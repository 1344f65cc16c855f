"""Cost over size, both by factors of ten: what stays flat, and what bends."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from lab.bench.scaling.measure import Curve

WIDTH, PANEL, LEFT, RIGHT, TOP, BOTTOM = 860, 210, 70, 230, 34, 34
_COLOURS = ("#1a7f5a", "#c2703d", "#3b6fb6", "#8a5bb0", "#b0403a")
_FONT = 'font-family="system-ui, sans-serif"'


def svg(curves: Sequence[Curve], foot: str) -> str:
    """One panel for each subject, readable on a light and on a dark page."""
    parts, y = [], 8
    for subject in dict.fromkeys(curve.subject for curve in curves):
        parts += _panel(subject, [curve for curve in curves if curve.subject == subject], y)
        y += PANEL
    parts.append(_text(12, y + 16, foot, 11, "#666"))
    height = y + 30
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
        f' aria-label="How cost grows with size">\n<rect width="{WIDTH}" height="{height}" fill="#fff"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _panel(subject: str, curves: Sequence[Curve], top: int) -> list[str]:
    sizes = [size for curve in curves for size, _ in curve.points]
    costs = [seconds for curve in curves for _, seconds in curve.points]
    x = _scale(sizes, LEFT, WIDTH - RIGHT)
    y = _scale(costs, top + PANEL - BOTTOM, top + TOP)
    parts = [_text(12, top + 18, subject, 15, "#222", "600")]
    for size in sorted(set(sizes)):
        parts += [_line(x(size), top + TOP, x(size), top + PANEL - BOTTOM)]
        parts += [_text(x(size), top + PANEL - BOTTOM + 16, f"{size:,}", 11, "#666", anchor="middle")]
    for exponent in range(math.floor(math.log10(min(costs))), math.ceil(math.log10(max(costs))) + 1):
        parts += [_line(LEFT, y(10**exponent), WIDTH - RIGHT, y(10**exponent))]
        parts += [_text(LEFT - 8, y(10**exponent) + 4, duration(10.0**exponent), 11, "#666", anchor="end")]
    for place, (curve, colour) in enumerate(zip(curves, _COLOURS, strict=False)):
        path = " ".join(f"{x(size):.1f},{y(seconds):.1f}" for size, seconds in curve.points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x(n):.1f}" cy="{y(cost):.1f}" r="3" fill="{colour}"/>' for n, cost in curve.points]
        label = f"{curve.operation} ({duration(curve.points[-1][1])})"
        parts.append(_text(WIDTH - RIGHT + 12, top + TOP + 12 + 20 * place, label, 12, colour))
    return parts


def _scale(values: Sequence[float], low: float, high: float) -> Callable[[float], float]:
    first, last = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return lambda value: low + (math.log10(value) - first) / max(1, last - first) * (high - low)


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'


def _text(x: float, y: float, text: str, size: int, colour: str, weight: str = "400", anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}"'
        f' fill="{colour}" {_FONT}>{escape(text)}</text>'
    )


def duration(seconds: float) -> str:
    """As a person reads it."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        # What rounds to a thousand is one of the next unit.
        if seconds * factor >= 0.9995:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"
