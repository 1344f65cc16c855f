"""``python -m deploy.library_docs``: write what is generated in docs/library; ``--check``: 1 if it is not current."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from deploy.library_docs import api, blocks
from deploy.page import update

PAGES = Path(__file__).parents[2] / "docs" / "library"


def main(arguments: Sequence[str], pages: Path = PAGES) -> int:
    """Write or compare the pages; returns the exit status."""
    command = "deploy.library_docs"
    statuses = [update(command, arguments, pages / "api.md", api.page)]
    for path in sorted(pages.rglob("*.md")):
        text = path.read_text()
        if blocks.BEGIN.search(text):
            statuses.append(update(command, arguments, path, partial(blocks.filled, text)))
    return max(statuses)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
