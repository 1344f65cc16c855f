"""The results as a table for the terminal and the documentation."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

_COLUMNS = ("endpoint", "variant", "CPU per request", "× bare", "middle half", "p99")


def cells(row: dict[str, Any]) -> tuple[str, ...]:
    """Format one row."""
    low, high = row["spread"]
    return (
        row["endpoint"],
        row["variant"],
        f"{row['cpu_us_per_request']:,.0f} µs",
        f"{row['ratio_to_bare']:.2f}",
        f"{low:.2f}–{high:.2f}",
        f"{row['p99_ms']:.0f} ms",
    )


def show(found: dict[str, Any]) -> None:
    """Print the table."""
    shown = Table(*_COLUMNS, title=f"Telemetry tax · {found['machine']} · {found['date']}")
    for row in found["results"]:
        shown.add_row(*cells(row), end_section=row is found["results"][-1])
    Console(width=120).print(shown)


def markdown(found: dict[str, Any]) -> str:
    """Return the table with a description of the measurement."""
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    lines = [
        f"Measured on {found['machine']}; {found['date']}; {found['load']}.",
        "",
        f"Versions: {versions}.",
        "",
        f"| {' | '.join(_COLUMNS)} |",
        "|---|---|--:|--:|--:|--:|",
        *(f"| {' | '.join(cells(row))} |" for row in found["results"]),
    ]
    return "\n".join(lines)
