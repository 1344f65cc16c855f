"""What pytest runs have tested and how long it took, from their JUnit files."""

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


def all_skipped(file: Path) -> str | None:
    """Why nothing was tested: the reason of the first skip, if every test was skipped; ``None`` if one was not."""
    cases = list(ElementTree.parse(file).iter("testcase"))
    reasons = [skip.get("message", "") for case in cases if (skip := case.find("skipped")) is not None]
    return f"all {len(cases)} tests were skipped: {reasons[0]}" if cases and len(reasons) == len(cases) else None
