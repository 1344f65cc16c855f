"""``python -m deploy.telemetry_docs``: update docs/reference/telemetry.md; ``--check``: 1 if it is not current."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.page import update
from deploy.telemetry_docs.page import PAGE, page


def main(arguments: Sequence[str], path: Path = PAGE) -> int:
    """Write or compare the page; returns the exit status."""
    return update("deploy.telemetry_docs", arguments, path, page)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
