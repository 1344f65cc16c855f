"""The result as a table, and its place in `docs/library/versions.md`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tests.library_versions.combinations import COMBINATIONS, SHOWN, Combination
from tests.library_versions.running import Outcome

BEGIN = "<!-- `make test-versions RECORD=1` writes the lines up to the end mark. -->"
END = "<!-- end -->"
KINDS = {True: "only the quick tests (`QUICK=1`), which use every integration", False: "the library's whole test suite"}


@dataclass(frozen=True)
class Row:
    """One combination with one Python: the outcome, or the reason why there is none."""

    combination: Combination
    python: str
    outcome: Outcome | None
    problem: str = ""
    available: bool = True

    @property
    def ok(self) -> bool:
        """Return whether the tests ran and none failed."""
        return self.outcome is not None and not self.outcome.failed

    def cells(self) -> tuple[str, ...]:
        """Return the cells of the table's row."""
        if self.outcome is None:
            return (
                self.combination.name,
                self.python,
                f"{'failed' if self.available else 'not available'}: {self.problem}",
            )
        one = self.outcome
        skipped = f", {one.skipped} skipped" if one.skipped else ""
        return (self.combination.name, self.python, f"{one.passed} passed, {len(one.failed)} failed{skipped}")


def table(rows: Sequence[Row]) -> str:
    """Return the outcomes as a Markdown table, and the failed tests."""
    lines = _markdown([("combination", "Python", "tests"), *(row.cells() for row in rows)])
    failed = [f"- {row.combination.name}, Python {row.python}: `{name}`" for row in rows for name in _failed(row)]
    return "\n".join([*lines, *(["", "Failed:", "", *failed] if failed else [])])


def versions() -> str:
    """Return the versions of each combination as a Markdown table."""
    columns = [each.versions() for each in COMBINATIONS.values()]
    rows = [(name, *(column.get(name, "–") for column in columns)) for name in SHOWN]
    return "\n".join(_markdown([("package", *COMBINATIONS), *rows]))


def recorded(page: str, rows: Sequence[Row], day: date, *, quick: bool) -> str:
    """Return the page with this result between its marks. Raises ``ValueError`` if it does not have both marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page needs the marks {BEGIN} and {END}")
    return "\n\n".join(
        [f"{before}{BEGIN}", f"{day.isoformat()}, {KINDS[quick]}:", table(rows), versions(), f"{END}{after}"]
    )


def _failed(row: Row) -> Sequence[str]:
    return row.outcome.failed if row.outcome else ()


def _markdown(rows: Sequence[Sequence[str]]) -> list[str]:
    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cells)} |"

    return [line(rows[0]), line(["--"] * len(rows[0])), *map(line, rows[1:])]
