"""axe-core, the accessibility checker, as it lies in `vendor/` (licence beside it)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "vendor" / "axe.min.js"
SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
"""Of the file in the package that vendor/package-lock.json names."""
GRAVE = ("serious", "critical")
_RUN = "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that is broken, how gravely, and the first elements that break it."""

    rule: str
    impact: str
    help: str
    places: tuple[str, ...]


def source() -> str:
    """The script. Raises `ValueError` if the file is not the one that was checked in."""
    content = FILE.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise ValueError(f"{FILE.name} is not what the lock file names")
    return content.decode()


def grave_faults(page: Any) -> list[Fault]:
    """What a Playwright page breaks gravely. The script is evaluated, since the page's policy admits no other file."""
    page.evaluate(source())
    return [
        Fault(one["id"], one["impact"], one["help"], tuple(str(node["target"][0]) for node in one["nodes"][:5]))
        for one in page.evaluate(_RUN)
        if one["impact"] in GRAVE
    ]
