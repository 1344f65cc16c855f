"""The results as a picture: one bar for each variant, one panel for each endpoint."""

from __future__ import annotations

from html import escape
from typing import Any

WIDTH, LABELS, RIGHT = 860, 250, 70
BAR, GAP, TITLE = 16, 6, 40
_COLOURS = {"bare": "#8a8f98", "ours": "#1a7f5a"}
_OTHER = "#c2703d"
_FONT = 'font-family="system-ui, sans-serif"'


def svg(found: dict[str, Any]) -> str:
    """The picture, readable on a light and on a dark page."""
    rows = found["results"]
    endpoints = list(dict.fromkeys(row["endpoint"] for row in rows))
    most = max(row["spread"][1] for row in rows)
    y, parts = 8, []
    for endpoint in endpoints:
        panel, y = _panel(endpoint, [row for row in rows if row["endpoint"] == endpoint], most, y)
        parts.extend(panel)
    foot = f"CPU of the server per request, as a multiple of bare Flask. {found['machine']}. {found['date'][:10]}"
    parts.append(f'<text x="12" y="{y + 22}" font-size="11" fill="#666" {_FONT}>{escape(foot)}</text>')
    height = y + 36
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
        f' aria-label="Telemetry tax by endpoint and variant">\n<rect width="{WIDTH}" height="{height}" fill="#fff"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _panel(title: str, rows: list[dict[str, Any]], most: float, y: int) -> tuple[list[str], int]:
    scale = (WIDTH - LABELS - RIGHT) / most
    bottom = y + TITLE + len(rows) * (BAR + GAP)
    one = LABELS + scale
    parts = [
        f'<text x="12" y="{y + 24}" font-size="15" font-weight="600" fill="#222" {_FONT}>{escape(title)}</text>',
        f'<line x1="{one:.1f}" y1="{y + TITLE - 6}" x2="{one:.1f}" y2="{bottom}" stroke="#8a8f98"'
        ' stroke-dasharray="3 3"/>',
    ]
    for number, row in enumerate(rows):
        top, ratio, (low, high) = y + TITLE + number * (BAR + GAP), row["ratio_to_bare"], row["spread"]
        middle, colour = top + BAR / 2, _COLOURS.get(row["variant"], _OTHER)
        parts += [
            f'<text x="{LABELS - 8}" y="{top + 12}" font-size="12" text-anchor="end" fill="#222" {_FONT}>'
            f"{escape(row['variant'])}</text>",
            f'<rect x="{LABELS}" y="{top}" width="{ratio * scale:.1f}" height="{BAR}" fill="{colour}"/>',
            f'<line x1="{LABELS + low * scale:.1f}" y1="{middle}" x2="{LABELS + high * scale:.1f}" y2="{middle}"'
            ' stroke="#222" stroke-width="1.5"/>',
            f'<text x="{LABELS + max(ratio, high) * scale + 6:.1f}" y="{top + 12}" font-size="12" fill="#222" {_FONT}>'
            f"{ratio:.2f}</text>",
        ]
    return parts, bottom
