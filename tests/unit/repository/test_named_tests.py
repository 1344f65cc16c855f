"""Tests that documents name as proof."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
NAMED = re.compile(r"`(?:[\w/]*/)?(test_\w+\.py)(?:::(?:\w+::)?(test_\w+))?`")


def named() -> list[tuple[str, str, str]]:
    """Return document, file and function of each mention; the function is empty if only the file is named."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    # Decision records describe the state on their date.
    return [
        (page.name, found[1], found[2] or "")
        for page in pages
        if page.parent.name != "decisions"
        for found in NAMED.finditer(page.read_text())
    ]


def test_every_test_that_a_document_names_exists() -> None:
    """Every test file and test function that a document names exists."""
    files: dict[str, str] = {}
    for path in [*(ROOT / "tests").rglob("test_*.py"), *(ROOT / "observability" / "tests").rglob("test_*.py")]:
        files[path.name] = files.get(path.name, "") + path.read_text()
    # The contracts of the ports are classes in tests/contracts, which the test files inherit.
    inherited = "".join(path.read_text() for path in (ROOT / "tests" / "contracts").glob("*.py"))
    found = named()
    assert len(found) > 30
    missing = [
        f"{page}: {file}::{function}"
        for page, file, function in found
        if file not in files or (function and f"def {function}(" not in files[file] + inherited)
    ]
    assert missing == []
