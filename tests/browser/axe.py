"""axe-core, the accessibility checker: the file in the wheel of axe-playwright-python, whose digest the lock pins."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

FILE = Path(str(distribution("axe-playwright-python").locate_file("axe_playwright_python/axe.min.js")))
GRAVE = ("serious", "critical")
_RUN = "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that is broken, how gravely, and the first elements that break it."""

    rule: str
    impact: str
    help: str
    places: tuple[str, ...]


def grave_faults(page: Any) -> list[Fault]:
    """What a Playwright page breaks gravely. The script is evaluated, since the page's policy admits no other file."""
    page.evaluate(FILE.read_text())
    return [
        Fault(one["id"], one["impact"], one["help"], tuple(str(node["target"][0]) for node in one["nodes"][:5]))
        for one in page.evaluate(_RUN)
        if one["impact"] in GRAVE
    ]
