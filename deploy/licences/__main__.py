"""Write ``docs/reference/licences.md``; ``--check`` verifies that it is current and complete."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import distributions
from pathlib import Path

import yaml

from deploy.licences import parts
from deploy.licences.known import PYTHON, Known, problems, read_from
from deploy.licences.page import page
from stack.environment import package_folders

PAGE = parts.ROOT / "docs" / "reference" / "licences.md"
_HEAD = "# Licences by package, from the packages' metadata; written by `make generate`. Existing entries are kept.\n"


def main(arguments: Sequence[str]) -> int:
    """Write or compare the files. Returns 1 if a file is out of date or a licence is missing, 2 for wrong usage."""
    if list(arguments) not in ([], ["--check"]):
        sys.stderr.write("usage: python -m deploy.licences [--check]\n")
        return 2
    if not arguments:
        _learn()
    known = Known.read()
    wrong = problems(known)
    if not wrong:
        text = page(known)
        if not arguments:
            PAGE.write_text(text)
        elif not PAGE.exists() or PAGE.read_text() != text:
            wrong = [f"{PAGE} is out of date: run `make generate`"]
    for sentence in wrong:
        sys.stderr.write(f"{sentence}\n")
    return 1 if wrong else 0


def _learn() -> None:
    """Add newly locked packages, from the environment of their lock file; remove packages that are no longer locked."""
    old = Known.read().python
    new: dict[str, str] = {}
    for lock in parts.LOCKS:
        names = parts.python(lock)
        fresh = _metadata(lock) if names.keys() - old.keys() else {}
        for name in names:
            if said := old.get(name) or fresh.get(name):
                new[name] = said
    PYTHON.write_text(_HEAD + yaml.safe_dump(dict(sorted(new.items()))))


def _metadata(lock: str) -> dict[str, str]:
    setup = [sys.executable, str(parts.ROOT / "stack" / "setup.py"), lock]
    venv = subprocess.run(setup, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    return read_from(distributions(path=package_folders(Path(venv))))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
