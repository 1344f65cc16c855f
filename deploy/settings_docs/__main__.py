"""``python -m deploy.settings_docs``: update docs/reference/settings.md; ``--check``: return 1 if it is not current."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.page import update
from deploy.settings_docs.tables import PAGE, page


def main(arguments: Sequence[str], path: Path = PAGE) -> int:
    """Write or compare the page; returns the exit status."""
    return update("deploy.settings_docs", arguments, path, page)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
