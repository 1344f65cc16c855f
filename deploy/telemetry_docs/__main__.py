"""``python -m deploy.telemetry_docs``: update docs/reference/telemetry.md; ``--check``: 1 if it is not."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.telemetry_docs.page import PAGE, page


def main(arguments: Sequence[str], path: Path = PAGE) -> int:
    """Write or compare; returns 1 if the page is not current, 2 for wrong usage."""
    if list(arguments) not in ([], ["--check"]):
        sys.stderr.write("usage: python -m deploy.telemetry_docs [--check]\n")
        return 2
    text = page()
    if path.exists() and path.read_text() == text:
        return 0
    if arguments:
        sys.stderr.write(f"{path} is not current: run `make generate`\n")
        return 1
    path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
