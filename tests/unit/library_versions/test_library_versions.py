"""`make test-versions`: which combinations are tested, where Pythons are found, and what the page contains."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import pytest

from glasshouse_observability.versions import SUPPORTED, numbers
from tests.library_versions import interpreters, running
from tests.library_versions.__main__ import FAILED, INCOMPLETE, PAGE, PASSED, status
from tests.library_versions.combinations import COMBINATIONS, chosen
from tests.library_versions.report import BEGIN, END, Row, recorded, table
from tests.library_versions.running import Outcome

OLD, NEWEST = COMBINATIONS["old"], COMBINATIONS["newest"]
GOOD = Row(OLD, "3.11", Outcome(20, 1, (), 9.0))
BAD = Row(OLD, "3.11", Outcome(19, 0, ("tests.unit.test_a::test_b",), 9.0))
MISSING = Row(NEWEST, "3.14", None, "mvn is not installed", available=False)
REPORT = """<testsuites><testsuite>
<testcase classname="a" name="passes"/>
<testcase classname="a" name="fails"><failure>no</failure></testcase>
<testcase classname="a" name="breaks"><error>no</error></testcase>
<testcase classname="a" name="rests"><skipped/></testcase>
</testsuite></testsuites>"""


def test_all_pythons_and_both_ends_are_tested() -> None:
    """Without options, all combinations run with Python 3.11 and the newest one with every supported Python."""
    found = [(each.name, python) for each, python in chosen(None, None)]
    assert [python for name, python in found if name == "newest"] == ["3.11", "3.12", "3.13", "3.14"]
    assert {name for name, python in found if python == "3.11"} == set(COMBINATIONS)


def test_options_select_combinations() -> None:
    """A named combination runs with any Python; a Python alone selects what is tested with it."""
    assert chosen("old", None) == [(OLD, "3.11")]
    assert chosen("old", "3.13") == [(OLD, "3.13")]
    assert chosen(None, "3.13") == [(NEWEST, "3.13")]


@pytest.mark.parametrize("package", sorted({one for each in SUPPORTED.values() for one in each}))
def test_the_combinations_have_both_ends_of_each_range(package: tuple[str, str, str]) -> None:
    """``old`` has the first release of the oldest supported series, ``newest`` one of the last supported series."""
    distribution, oldest, below = package
    old, newest = (numbers(each.versions()[distribution]) for each in (OLD, NEWEST))
    assert old[:2] == (*numbers(oldest), 0)[:2]
    assert newest[0] == numbers(below)[0] - 1 or newest[0] == 0


def test_a_python_that_does_not_work_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shim that ends with an error is not an interpreter; the next one on the PATH is used."""
    for name, text in (("shim", "exit 127"), ("real", "echo 3.98")):
        (tmp_path / name).mkdir()
        program = tmp_path / name / "python3.98"
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'shim'}:{tmp_path / 'real'}:/usr/bin:/bin")
    assert interpreters.find("3.98") == tmp_path / "real" / "python3.98"


def test_a_python_without_a_source_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the script cannot obtain a Python, the error has the reason."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(interpreters.NotAvailable, match=r"there is no source of Python 3\.99"):
        interpreters.find("3.99")


def test_this_python_is_found_first() -> None:
    """The interpreter of the runner itself is used for its version."""
    assert interpreters.find(f"{sys.version_info[0]}.{sys.version_info[1]}") == Path(sys.executable)


def test_outcomes_are_counted(tmp_path: Path) -> None:
    """Failed tests and tests with errors have failed; skipped ones have not passed."""
    (tmp_path / "junit.xml").write_text(REPORT)
    assert running.read(tmp_path / "junit.xml", 2.0) == Outcome(1, 1, ("a::breaks", "a::fails"), 2.0)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [([GOOD], PASSED), ([GOOD, BAD], FAILED), ([GOOD, MISSING], INCOMPLETE), ([BAD, MISSING], FAILED), ([], FAILED)],
)
def test_the_status_shows_the_outcome(rows: list[Row], expected: int) -> None:
    """A Python that is not available is neither a success nor a failed test; nothing tested is a failure."""
    assert status(rows) == expected


def test_the_table_has_failed_tests_and_missing_pythons() -> None:
    """Every row has its numbers or a reason, and failed tests are listed."""
    text = table([GOOD, BAD, MISSING])
    assert "| old | 3.11 | 20 passed, 0 failed, 1 skipped |" in text
    assert "| newest | 3.14 | not available: mvn is not installed |" in text
    assert "- old, Python 3.11: `tests.unit.test_a::test_b`" in text


def test_the_page_keeps_its_other_text() -> None:
    """Recording replaces what is between the marks, also a second time; a page without marks is refused."""
    page = f"# Title\n\n{BEGIN}\n\nold text\n\n{END}\n\nlast\n"
    once = recorded(page, [GOOD], date(2026, 1, 2), quick=True)
    assert once == recorded(once, [GOOD], date(2026, 1, 2), quick=True)
    assert once.startswith("# Title\n\n")
    assert once.endswith(f"{END}\n\nlast\n")
    assert "old text" not in once
    assert "2026-01-02" in once
    with pytest.raises(ValueError, match="needs the marks"):
        recorded("# Title", [GOOD], date(2026, 1, 2), quick=True)


def test_the_page_has_its_marks() -> None:
    """The result can be recorded in the page."""
    assert recorded(PAGE.read_text(), [GOOD], date(2026, 1, 2), quick=False)


def test_all_tests_of_the_library_are_found() -> None:
    """The paths of the quick tests and of the omitted ones exist."""
    for path in (*running.QUICK, *running.WITHOUT):
        assert (running.LIBRARY / path).exists(), path
