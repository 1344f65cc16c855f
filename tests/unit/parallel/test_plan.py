"""The parts of the test run: every test belongs to one, and no part waits for one that does not run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.parallel.part import ROOT
from tests.parallel.plan import NAMES, chosen, parts
from tests.parallel.slowest import counted, slowest

REPORT = """<testsuites><testsuite tests="{total}" skipped="1">
<testcase classname="tests.{name}" name="test_a" time="{seconds}"/>
<testcase classname="tests.{name}" name="test_b" time="0.5"/>
</testsuite></testsuites>"""


def test_every_test_file_is_in_one_part() -> None:
    """Every test file belongs to exactly one part, by its folder or by its name."""
    given = [argument for part in parts(Path("/results")) for argument in part.command]
    ignored = {argument.removeprefix("--ignore=") for argument in given if argument.startswith("--ignore=")}
    paths = [argument for argument in given if argument.startswith("tests/")]
    assert ignored <= set(paths)
    names = [str(file.relative_to(ROOT)) for file in (ROOT / "tests").rglob("test_*.py")]
    for name in names:
        assert sum(name == path or (name.startswith(f"{path}/") and name not in ignored) for path in paths) == 1, name


def test_parts_wait_for_parts_that_exist() -> None:
    """Every part waits for existing parts only, because a mistyped name would keep it from ever starting."""
    for part in parts(Path()):
        assert set(part.after) <= set(NAMES) - {part.name}


@pytest.mark.parametrize("names", [["e2e"], ["drills", "rules"], []])
def test_a_chosen_part_does_not_wait_for_others(names: list[str]) -> None:
    """A selected part waits only for other selected parts.

    Without names, all parts but the checks and Compose are run.
    """
    found = chosen(names, Path())
    assert {part.name for part in found} == set(names or NAMES) - (set() if names else {"check", "compose"})
    assert {name for part in found for name in part.after} <= {part.name for part in found}


def test_the_slowest_tests_of_all_parts(tmp_path: Path) -> None:
    """The slowest tests of all parts are listed first, and the tests of each part are counted."""
    files = []
    for name, seconds in (("unit", 2), ("e2e", 90.25)):
        files.append(tmp_path / f"{name}.xml")
        files[-1].write_text(REPORT.format(name=name, seconds=seconds, total=2))
    assert slowest(files, most=3) == [
        (90.25, "tests.e2e::test_a"),
        (2.0, "tests.unit::test_a"),
        (0.5, "tests.unit::test_b"),
    ]
    assert counted(files[0]) == "1 passed, 1 skipped"
