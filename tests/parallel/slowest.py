"""The slowest tests of several pytest runs, from their JUnit files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree


def slowest(files: Iterable[Path], most: int = 20) -> list[tuple[float, str]]:
    """The seconds that a test took with its fixtures, and its name; the slowest first."""
    tests = [case for file in files for case in ElementTree.parse(file).iter("testcase")]
    timed = [(float(case.get("time", "0")), f"{case.get('classname')}::{case.get('name')}") for case in tests]
    return sorted(timed, reverse=True)[:most]


def counted(file: Path) -> str:
    """How many tests there were and how they ended, in words."""
    suite = next(ElementTree.parse(file).iter("testsuite"))
    total, skipped = int(suite.get("tests", "0")), int(suite.get("skipped", "0"))
    return f"{total - skipped} passed" + (f", {skipped} skipped" if skipped else "")
