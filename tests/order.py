"""The order of the tests: quick ones first, and alerts one at a time, because an open incident mutes other pages.

Within tests/e2e one stack serves most modules. The MongoDB outage is early, before any incident. Its end is asserted
after the tests that only read pages, which take longer than the alert needs to resolve. The two faults that are
followed in the browser are next, because the last incident must have been resolved three minutes before. Tests that
kill or stop components are last.
"""

from __future__ import annotations

from collections.abc import Sequence

FOLDERS = ("tests/unit/", "tests/rules/", "tests/integration/", "tests/e2e/", "tests/compose/")
FIRST = (
    "test_order.py",
    "test_bad_input.py",
    "test_counts.py",
    "test_every_query.py",
    "test_outages.py::test_an_outage_is_notified",
    "test_pages.py",
    "test_outages.py::test_recovery_is_notified",
    "test_pages.py::test_fault_switched_on",
    "test_pages.py::test_missing_index",
    "test_benches.py",
    "test_dashboards.py",
    "test_faults.py",
    "test_load.py",
)
"""Prefixes of node ids in tests/e2e; the longest match counts. Other tests run between these and LAST."""
LAST = ("test_rolling_restart.py", "test_chaos.py", "test_outages.py")


def place(nodeid: str) -> tuple[int, int]:
    """Return a test's sort key: its folder and its place in tests/e2e. Tests with equal keys keep their order."""
    folder = next((number for number, name in enumerate(FOLDERS) if nodeid.startswith(name)), len(FOLDERS))
    if not nodeid.startswith("tests/e2e/"):
        return folder, 0
    name = nodeid.removeprefix("tests/e2e/")
    first, last = longest(name, FIRST), longest(name, LAST)
    if first is not None and (last is None or len(FIRST[first]) >= len(LAST[last])):
        return folder, first
    return folder, len(FIRST) if last is None else len(FIRST) + 1 + last


def longest(name: str, beginnings: Sequence[str]) -> int | None:
    """Return the place of the longest matching prefix."""
    fitting = [number for number, beginning in enumerate(beginnings) if name.startswith(beginning)]
    return max(fitting, key=lambda number: len(beginnings[number]), default=None)
