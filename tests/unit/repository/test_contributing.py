"""The map of folders in CONTRIBUTING.md is complete and names no missing folder."""

from __future__ import annotations

import re
from pathlib import Path

from deploy.tracked import tracked
from stack.paths import ROOT

MAP = (ROOT / "CONTRIBUTING.md").read_text().partition("## Where things are")[2]


def rows() -> dict[tuple[str, ...], str]:
    """Return the folders of each row of the map and the description in the row."""
    found = re.findall(r"^\| (`[^|]+) \| (.+) \|$", MAP, re.MULTILINE)
    return {tuple(re.findall(r"`([\w.-]+)/`", folders)): text for folders, text in found}


def committed_folders(parent: str = "") -> set[str]:
    """Return the folders with committed files directly under the root or under ``parent``."""
    depth = len(Path(parent).parts)
    paths = (Path(path).parts for path in tracked(*filter(None, [parent])))
    return {parts[depth] for parts in paths if len(parts) > depth + 1}


def test_the_map_names_every_top_level_folder() -> None:
    """The map lists each top-level folder once and no other folder."""
    named = [folder for folders in rows() for folder in folders]
    assert sorted(named) == sorted(committed_folders())


def test_the_parts_that_a_row_names_exist() -> None:
    """Every folder and module that a row names exists, and the rows of `lab/` and `tests/` name all of theirs."""
    for folders, text in rows().items():
        parts = {part.rstrip("/") for part in re.findall(r"`([\w.]+(?:/|\.py))`", text)}
        for part in parts:
            assert any((ROOT / folder / part).exists() for folder in folders), f"{folders}: {part}"
        if set(folders) & {"lab", "tests"}:
            assert parts == committed_folders(folders[0])
