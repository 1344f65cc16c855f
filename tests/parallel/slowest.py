"""The tests of pytest runs and their durations, from the JUnit files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree


def slowest(files: Iterable[Path], most: int = 20) -> list[tuple[float, str]]:
    """Return the seconds and name of each test, including fixtures; the slowest first."""
    tests = [case for file in files for case in ElementTree.parse(file).iter("testcase")]
    timed = [(float(case.get("time", "0")), f"{case.get('classname')}::{case.get('name')}") for case in tests]
    return sorted(timed, reverse=True)[:most]


def counted(file: Path) -> str:
    """Return the number of tests and their outcomes as text."""
    suite = next(ElementTree.parse(file).iter("testsuite"))
    total, skipped = int(suite.get("tests", "0")), int(suite.get("skipped", "0"))
    return f"{total - skipped} passed" + (f", {skipped} skipped" if skipped else "")


def all_skipped(file: Path) -> str | None:
    """Return the reason of the first skip if every test was skipped; otherwise ``None``."""
    cases = list(ElementTree.parse(file).iter("testcase"))
    reasons = [skip.get("message", "") for case in cases if (skip := case.find("skipped")) is not None]
    return f"all {len(cases)} tests were skipped: {reasons[0]}" if cases and len(reasons) == len(cases) else None
