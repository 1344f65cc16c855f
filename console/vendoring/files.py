"""Which files are vendored, where they lie, and whether they are as they were taken."""

from __future__ import annotations

import hashlib
from pathlib import Path

HERE = Path(__file__).parent
SUMS = HERE / "files.sha256"
SERVED = HERE.parent / "static" / "vendor"
TAKEN = {
    "uPlot.esm.js": "uplot/dist/uPlot.esm.js",
    "uPlot.min.css": "uplot/dist/uPlot.min.css",
    "uPlot.LICENSE": "uplot/LICENSE",
}
"""Served name → path in ``node_modules``."""


def digest(path: Path) -> str:
    """Return the file's SHA-256 in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def recorded(sums: Path = SUMS) -> dict[str, str]:
    """Return the digest of each file as it was when it was taken; the format is that of ``sha256sum``."""
    lines = (line.split(maxsplit=1) for line in sums.read_text(encoding="utf-8").splitlines())
    return {name: found for found, name in lines}


def differing(served: Path = SERVED, sums: Path = SUMS) -> list[str]:
    """Return a sentence for each file that is missing, changed, or recorded by nobody."""
    known = recorded(sums)
    there = {path.name: digest(path) for path in served.iterdir() if path.is_file()}
    found = [f"{name} is not there" for name in sorted(known.keys() - there.keys())]
    found += [f"{name} is not in {sums.name}" for name in sorted(there.keys() - known.keys())]
    return found + [f"{name} has been changed" for name in sorted(known) if there.get(name, known[name]) != known[name]]
