"""The search for the package whose upgrade breaks a test: failed tests run again with each upgrade alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

Failing = Callable[[str | None, Sequence[str]], list[str]]
"""Runs the tests with one upgraded group of packages, or with the locked versions (None); returns the failing ones."""

ANYWAY = "the locked versions too"
TOGETHER = "no single upgrade"


def blame(failed: Sequence[str], groups: Sequence[str], failing: Failing) -> Mapping[str, list[str]]:
    """Return the failed tests by cause: a group of packages, ``ANYWAY`` or ``TOGETHER``.

    A test is named under every group that breaks it alone. Those that fail with the locked versions are not run again.
    """
    found: dict[str, list[str]] = {}
    if not failed:
        return found
    anyway = failing(None, failed)
    if anyway:
        found[ANYWAY] = anyway
    left = [test for test in failed if test not in anyway]
    for group in groups if left else ():
        if broken := failing(group, left):
            found[group] = broken
    explained = {test for tests in found.values() for test in tests}
    if rest := [test for test in failed if test not in explained]:
        found[TOGETHER] = rest
    return found
