"""``python -m deploy.settings_docs``: update docs/reference/settings.md; ``--check``: return 1 if it is not current."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.settings_docs.tables import PAGE, page


def main(arguments: Sequence[str], path: Path = PAGE) -> int:
    """Write or compare the page. Returns 1 if it is not current, 2 for wrong usage."""
    if list(arguments) not in ([], ["--check"]):
        sys.stderr.write("usage: python -m deploy.settings_docs [--check]\n")
        return 2
    text = page()
    if path.read_text() == text:
        return 0
    if arguments:
        sys.stderr.write(f"{path} is not current: run `make generate`\n")
        return 1
    path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
