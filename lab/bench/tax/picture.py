"""The results as a chart with one bar per variant and one panel per endpoint."""

from __future__ import annotations

from typing import Any

from lab.charts.svg import Markup, document, line, rect, text

WIDTH, LABELS, RIGHT = 860, 250, 70
BAR, GAP, TITLE = 16, 6, 40
INK, GREY, DIM = "#222", "#8a8f98", "#666"
_COLOURS = {"bare": GREY, "ours": "#1a7f5a"}
_OTHER = "#c2703d"


def svg(found: dict[str, Any]) -> str:
    """Return the chart of a results file."""
    rows = found["results"]
    most = max(row["spread"][1] for row in rows)
    parts: list[Markup] = []
    y = 8
    for endpoint in dict.fromkeys(row["endpoint"] for row in rows):
        panel, y = _panel(endpoint, [row for row in rows if row["endpoint"] == endpoint], most, y)
        parts += panel
    foot = f"CPU of the server per request, as a multiple of bare Flask. {found['machine']}. {found['date'][:10]}"
    parts.append(text(12, y + 22, foot, font_size=11, fill=DIM))
    return document(WIDTH, y + 36, "Telemetry tax by endpoint and variant", *parts, background="#fff") + "\n"


def _panel(title: str, rows: list[dict[str, Any]], most: float, y: int) -> tuple[list[Markup], int]:
    scale = (WIDTH - LABELS - RIGHT) / most
    bottom = y + TITLE + len(rows) * (BAR + GAP)
    one = LABELS + scale
    parts = [
        text(12, y + 24, title, font_size=15, font_weight=600),
        line(one, y + TITLE - 6, one, bottom, stroke=GREY, stroke_dasharray="3 3"),
    ]
    for number, row in enumerate(rows):
        top, ratio, (low, high) = y + TITLE + number * (BAR + GAP), row["ratio_to_bare"], row["spread"]
        middle, colour = top + BAR / 2, _COLOURS.get(row["variant"], _OTHER)
        parts += [
            text(LABELS - 8, top + 12, row["variant"], text_anchor="end"),
            rect(LABELS, top, ratio * scale, BAR, fill=colour),
            line(LABELS + low * scale, middle, LABELS + high * scale, middle, stroke=INK, stroke_width="1.5"),
            text(LABELS + max(ratio, high) * scale + 6, top + 12, f"{ratio:.2f}"),
        ]
    return parts, bottom
