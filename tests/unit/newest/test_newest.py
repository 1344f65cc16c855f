"""`make test-newest`: which versions differ, which upgrade breaks a test, and what the report contains."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
import yaml

from stack.paths import ROOT
from tests.newest import environment, running
from tests.newest.culprit import ANYWAY, TOGETHER, blame
from tests.newest.report import Result, page, summary
from tests.newest.versions import WATCHED, Change, changes, group, members, pinned

LOCK = """\
flask==3.1.3 \\
    --hash=sha256:00
Prometheus_Client[extra]==0.26.0
rq @ git+https://example.org/rq@main
    # via flask==0
"""


def test_versions_are_read_from_a_lock() -> None:
    """Versions are read by canonical name, and a package from a repository has its address as its version."""
    assert pinned(LOCK) == {
        "flask": "3.1.3",
        "prometheus-client": "0.26.0",
        "rq": "git+https://example.org/rq@main",
    }


def test_changes_are_what_differs() -> None:
    """New packages and packages that are no longer required count as changes."""
    assert changes({"a": "1", "b": "1", "c": "1"}, {"a": "1", "b": "2", "d": "1"}) == [
        Change("b", "1", "2"),
        Change("c", "1", ""),
        Change("d", "", "1"),
    ]


def test_what_is_released_together_is_upgraded_together() -> None:
    """Packages that are released together are upgraded together, because their versions depend on each other."""
    names = ["opentelemetry-sdk", "opentelemetry-api", "flask", "pydantic-core", "pydantic"]
    assert members("opentelemetry", names) == ["opentelemetry-api", "opentelemetry-sdk"]
    assert members("pydantic", names) == ["pydantic", "pydantic-core"]
    assert group("flask") == "flask"


def test_every_watched_package_is_locked_and_has_a_job() -> None:
    """Every watched package is locked and has its own job in the scheduled workflow, which names the culprit by job."""
    locked = pinned(environment.LOCK.read_text())
    assert all(members(name, locked) for name in WATCHED)
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "newest.yml").read_text())
    assert sorted(workflow["jobs"]["main"]["strategy"]["matrix"]["package"]) == sorted(WATCHED)


def test_the_workflow_may_write_issues_only_where_no_code_runs() -> None:
    """Code of new versions runs with read access only, and the job that may write issues checks out no code."""
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "newest.yml").read_text())
    assert workflow["permissions"] == {"contents": "read"}
    writing = {name: job for name, job in workflow["jobs"].items() if "permissions" in job}
    assert {name: job["permissions"] for name, job in writing.items()} == {"report": {"issues": "write"}}
    assert all("uses" not in step for step in writing["report"]["steps"])


def test_the_upgrade_that_breaks_a_test_is_named() -> None:
    """Each failed test is attributed to its cause: the lock itself, one package, or several packages together."""
    breaks = {None: {"old"}, "flask": {"t1"}, "redis": {"t1", "t2"}, "rq": set()}
    asked: list[tuple[str | None, list[str]]] = []

    def failing(group: str | None, tests: Sequence[str]) -> list[str]:
        asked.append((group, list(tests)))
        return [test for test in tests if test in breaks[group]]

    found = blame(["old", "t1", "t2", "t3"], ["flask", "redis", "rq"], failing)
    assert found == {ANYWAY: ["old"], "flask": ["t1"], "redis": ["t1", "t2"], TOGETHER: ["t3"]}
    assert asked[0] == (None, ["old", "t1", "t2", "t3"])
    assert all(tests == ["t1", "t2", "t3"] for _, tests in asked[1:])


def test_nothing_is_run_again_without_a_failure() -> None:
    """Without a failed test nothing is run again."""
    assert blame([], ["flask"], lambda group, tests: pytest.fail("the tests ran again")) == {}


def result(**blamed: list[str]) -> Result:
    """Return a result with two changed versions."""
    return Result(
        day=date(2026, 11, 28),
        python="3.11.7",
        kind="newest releases of all packages",
        locked={"flask": "3.1.3", "pymongo": "4.20.0", "idna": "3", "jinja2": "3.1"},
        changed=[Change("pymongo", "4.20.0", "4.20.1"), Change("jinja2", "3.1", "3.2")],
        index={"flask": "4.0"},
        blamed=blamed,
    )


def test_the_report_lists_what_is_watched_and_what_differs() -> None:
    """The report lists watched and changed packages, and newer versions that other packages exclude.

    Unchanged packages that nothing hooks into are left out.
    """
    text = page(result())
    assert "All unit and integration tests passed." in text
    assert "| pymongo | 4.20.0 | 4.20.1 | passes |" in text
    assert "| jinja2 | 3.1 | 3.2 | passes |" in text
    assert "| flask | 3.1.3 | 3.1.3 | unchanged; the index has 4.0, which another package does not admit |" in text
    assert "idna" not in text


def test_the_report_names_the_package_that_breaks_tests() -> None:
    """The report names the package that breaks tests, lists those tests, and blames no other upgrade."""
    found = result(pymongo=["tests/unit/a.py::test_b"])
    assert summary(found) == "Tests failed. Broken by, with the number of tests: pymongo (1)."
    text = page(found)
    assert "| pymongo | 4.20.0 | 4.20.1 | breaks 1 tests |" in text
    assert "| jinja2 | 3.1 | 3.2 | no test fails because of it |" in text
    assert "## Broken by pymongo\n\n- `tests/unit/a.py::test_b`\n" in text


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """Return a folder laid out like an environment, with this process's Python."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    return tmp_path


def test_failed_tests_are_those_of_pytest_itself(venv: Path) -> None:
    """Failed tests and files that cannot be collected are returned under pytest's own names."""
    (venv / "test_one.py").write_text("def test_good(): pass\ndef test_bad(): assert False\n")
    (venv / "test_two.py").write_text("import no_such_module\n")
    arguments = ["--rootdir", str(venv), "-p", "no:unraisableexception", "-c", "/dev/null"]
    files = [str(venv / "test_one.py"), str(venv / "test_two.py")]
    assert running.failing(venv, files, [*arguments, "--continue-on-collection-errors"]) == [
        "test_one.py::test_bad",
        "test_two.py",
    ]
    assert running.failing(venv, [f"{files[0]}::test_good"], arguments) == []


@pytest.mark.parametrize(("module", "broken"), [("other", False), ("shop", True)])
def test_deprecated_names_are_errors_in_our_code_only(venv: Path, module: str, broken: bool) -> None:
    """A deprecation warning fails the tests if our code causes it, and not if another package does."""
    (venv / f"{module}.py").write_text("import warnings\nwarnings.warn('old', DeprecationWarning)\n")
    test = venv / "test_one.py"
    test.write_text(f"import sys\nsys.path.insert(0, {str(venv)!r})\ndef test_import(): import {module}\n")
    assert bool(running.failing(venv, [str(test)], ["--rootdir", str(venv), "-c", "/dev/null"])) is broken


def test_a_run_without_a_result_is_no_success(venv: Path) -> None:
    """A pytest run that ends with an error and names no failed test raises ``RunFailed``."""
    with pytest.raises(running.RunFailed, match="pytest ended with 4 and reported no failed test"):
        running.failing(venv, [str(venv)], ["--no-such-option"])
