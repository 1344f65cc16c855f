"""``python -m deploy.release TAG``: check that a tag may be released, and print its release notes.

The tag is ``v`` and the version. The same version must be in ``observability/pyproject.toml`` and ``.env``, and the
changelogs of the repository and of the library must have a dated section for it: both sections are printed. Exit status
1 names each place that differs.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from stack.paths import ROOT

PROJECT = "observability/pyproject.toml"
CHANGELOG = "CHANGELOG.md"
LIBRARY_CHANGELOG = "observability/CHANGELOG.md"
SECTION = r"^## \[{version}\] - \d{{4}}-\d\d-\d\d\n(.*?)(?=^## \[|^\[[^\]\n]+\]:|\Z)"


def versions(root: Path = ROOT) -> dict[str, str]:
    """Return the version that each file states, by file name."""
    project = tomllib.loads((root / PROJECT).read_text())["project"]["version"]
    compose = re.search(r"^GLASSHOUSE_VERSION=(.+)$", (root / ".env").read_text(), re.MULTILINE)
    return {PROJECT: str(project), ".env": compose[1] if compose else "none"}


def notes(version: str, root: Path = ROOT, file: str = CHANGELOG) -> str:
    """Return the section of a version in a changelog; empty if there is none."""
    found = re.search(SECTION.format(version=re.escape(version)), (root / file).read_text(), re.M | re.S)
    return found[1].strip() if found else ""


def problems(tag: str, root: Path = ROOT) -> list[str]:
    """Return why a tag cannot be released, one sentence each."""
    version = tag.removeprefix("v")
    if tag == version or not re.fullmatch(r"\d+\.\d+\.\d+", version):
        return [f"the tag {tag} is not of the form v1.2.3"]
    found = [
        f"{file} has version {stated}, the tag is {tag}" for file, stated in versions(root).items() if stated != version
    ]
    found += [
        f"{file} has no dated section [{version}] with content"
        for file in (CHANGELOG, LIBRARY_CHANGELOG)
        if not notes(version, root, file)
    ]
    return found


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Check the tag and print the notes; returns the exit status."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m deploy.release TAG\n")
        return 2
    if found := problems(arguments[0], root):
        sys.stderr.write("".join(f"{problem}\n" for problem in found))
        return 1
    version = arguments[0].removeprefix("v")
    library = notes(version, root, LIBRARY_CHANGELOG)
    sys.stdout.write(f"{notes(version, root)}\n\n## glasshouse-observability\n\n{library}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
