"""The declarations as Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from deploy.settings_docs.services import SERVICES, TELEMETRY
from glasshouse_observability.settings import REQUIRED, Declared

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"
MARK = "<!-- Below: written by `python -m deploy.settings_docs` -->\n"


def page() -> str:
    """Return the expected page: its hand-written text, then a table for each service."""
    text = PAGE.read_text().partition(MARK)[0]
    common = TELEMETRY.declared()
    parts = [f"### {TELEMETRY.title}\n\n{table(common.values())}"]
    for service in SERVICES:
        own = [one for one in service.declared().values() if common.get(one.name) is not one]
        parts.append(f"### {service.title}\n\n{table(own)}")
    return f"{text}{MARK}\n" + "\n\n".join(parts) + "\n"


def table(declared: Iterable[Declared[Any]]) -> str:
    """Return settings as a table."""
    rows = ["| variable | default | allowed values | description |", "| -- | -- | -- | -- |"]
    for one in declared:
        names = [one.name, *one.aliases, *filter(None, [one.file_name])]
        cells = (", ".join(f"`{name}`" for name in names), _default(one), one.kind.allowed, one.about)
        rows.append("| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |")
    return "\n".join(rows)


def _default(one: Declared[Any]) -> str:
    if one.default_shown:
        return one.default_shown
    if one.default is REQUIRED:
        return "required"
    if isinstance(one.default, bool):
        return "on" if one.default else "off"
    if one.default in ("", None, ()):
        return "none"
    return f"`{one.default:g}`" if isinstance(one.default, float) else f"`{one.default}`"
