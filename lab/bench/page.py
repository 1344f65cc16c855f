"""Insertion of results into a documentation page, between two markers."""

from __future__ import annotations

from pathlib import Path


def put_into(document: Path, name: str, markdown: str) -> None:
    """Replace the text between the markers of ``name`` in ``document``. Raises ``ValueError`` without markers."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, _, rest = document.read_text().partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{document} does not contain the lines {begin} and {end}")
    document.write_text(f"{before}{begin}\n\n{markdown}\n\n{end}{after}")
