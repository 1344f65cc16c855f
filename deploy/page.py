"""The command line of the generators that write one page."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path


def update(command: str, arguments: Sequence[str], path: Path, page: Callable[[], str]) -> int:
    """Write the page; with ``--check`` only compare it. Returns 1 if it is not current, 2 for wrong usage."""
    if list(arguments) not in ([], ["--check"]):
        sys.stderr.write(f"usage: python -m {command} [--check]\n")
        return 2
    text = page()
    if path.exists() and path.read_text() == text:
        return 0
    if arguments:
        sys.stderr.write(f"{path} is not current: run `make generate`\n")
        return 1
    path.write_text(text)
    return 0
