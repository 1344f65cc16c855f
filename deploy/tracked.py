"""The files of the repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

from stack.paths import ROOT


def tracked(*patterns: str, root: Path = ROOT, new: bool = True) -> list[str]:
    """Return the paths of the files under version control, and of new ones that are not ignored unless ``new`` is off.

    With patterns, such as ``*.md`` or a folder, only those that match one.
    """
    others = ["--others", "--exclude-standard"] if new else []
    command = ["git", "ls-files", "-z", "--cached", *others, "--", *patterns]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return [path for path in done.stdout.split("\0") if path and (root / path).is_file()]
