"""The result as Markdown: `docs/reference/newest-versions.md`, and the summary of a workflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from tests.newest.culprit import ANYWAY, TOGETHER
from tests.newest.versions import OPENTELEMETRY, WATCHED, Change, group

_HEAD = """# Newest versions

Written by `make test-newest RECORD=1`. The unit and integration tests ran with the newest versions of all packages that
fit together, instead of the locked ones. `.github/workflows/newest.yml` runs them weekly against the main branches.
"""


@dataclass(frozen=True)
class Result:
    """One run: the installed versions, and the failed tests by cause.

    ``index`` has the newest versions in the index of packages that other packages keep at an older version.
    """

    day: date
    python: str
    kind: str
    locked: Mapping[str, str]
    changed: Sequence[Change]
    index: Mapping[str, str] = field(default_factory=dict)
    blamed: Mapping[str, Sequence[str]] = field(default_factory=dict)


def summary(result: Result) -> str:
    """Return one sentence: whether the tests passed, and the packages that break them."""
    if not result.blamed:
        return "All unit and integration tests passed."
    named = [f"{name} ({len(tests)})" for name, tests in result.blamed.items()]
    return f"Tests failed. Broken by, with the number of tests: {', '.join(named)}."


def page(result: Result) -> str:
    """Return the whole report: packages that are watched or differ, and the failed tests."""
    changed = {change.name: change for change in result.changed}
    watched = {name for name in result.locked if group(name) in WATCHED and not _is_satellite(name)}
    rows = [
        changed.get(name) or Change(name, result.locked[name], result.locked[name])
        for name in sorted(watched | changed.keys())
    ]
    lines = [
        _HEAD,
        f"{result.day.isoformat()}, Python {result.python}, {result.kind}. {summary(result)}\n",
        "| package | locked | newest | result |",
        "| --- | --- | --- | --- |",
        *(f"| {row.name} | {row.locked or '–'} | {row.newest or '–'} | {_verdict(row, result)} |" for row in rows),
    ]
    for name, tests in result.blamed.items():
        lines += ["", f"## Broken by {name}", "", *(f"- `{test}`" for test in tests)]
    return "\n".join(lines) + "\n"


def _is_satellite(name: str) -> bool:
    """One row for all packages of an OpenTelemetry release with the SDK's version."""
    return name.startswith(OPENTELEMETRY) and name not in ("opentelemetry-sdk", "opentelemetry-instrumentation")


def _verdict(row: Change, result: Result) -> str:
    newer = result.index.get(row.name)
    limit = f"; the index has {newer}, which another package does not admit" if newer else ""
    if row.locked == row.newest:
        return f"locked is newest{limit}" if not limit else f"unchanged{limit}"
    if tests := result.blamed.get(group(row.name)):
        return f"breaks {len(tests)} tests{limit}"
    if set(result.blamed) & {TOGETHER}:
        return f"breaks no test alone{limit}"
    only_anyway = set(result.blamed) == {ANYWAY}
    return ("no test fails because of it" if result.blamed and not only_anyway else "passes") + limit
