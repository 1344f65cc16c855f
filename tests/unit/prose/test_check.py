"""``python -m deploy.prose``, with the real Vale."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from deploy.prose import __main__ as command
from deploy.prose import vale
from stack.errors import ProgramMissing


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository with a finding in Markdown and in Python, below lines without one."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# Title\n\n`told` and\n\n```\nnobody\n```\n\nIt waited in\nvain.\n")
    (tmp_path / "a.py").write_text('"""A module."""\n\nx = 1\ny = f"{x} is told"\n')
    (tmp_path / "good.yml").write_text("# A good sentence.\n")
    return tmp_path


def test_findings_name_file_line_and_what_to_write(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A finding is printed with the source's file and line and the replacement, and the exit status is 1."""
    assert command.main([], repository) == 1
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("a.py:4: told → write: notified")
    assert second == "docs/a.md:9: in vain → write: without success (Glasshouse.Phrases)"


def test_only_the_named_paths_are_checked(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only the given files and folders are checked, and nothing is printed without a finding."""
    assert command.main(["good.yml"], repository) == 0
    assert capsys.readouterr().out == ""
    assert command.main(["docs"], repository) == 1
    assert [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()] == ["docs/a.md"]


def test_a_path_without_files_is_refused(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A path without files is refused, so that a misspelled path does not pass the check."""
    for paths in (["dosc"], ["good.yml", "dosc"]):
        assert command.main(paths, repository) == 2
        assert capsys.readouterr().err == "no file under version control: dosc\n"


def test_totals_count_by_folder_and_rule(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--totals` prints the number of findings by folder and by rule, for correcting many of them."""
    assert command.main(["--totals"], repository) == 1
    counts = {name: int(count) for count, name in (line.split() for line in capsys.readouterr().out.splitlines())}
    assert counts == {".": 1, "docs": 1, "Glasshouse.Words": 1, "Glasshouse.Phrases": 1}


def test_an_unknown_file_type_fails(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of an unknown type fails the check, because its prose would not be checked."""
    (repository / "a.rst").write_text("It is told.\n")
    assert command.main([], repository) == 1
    assert "deploy/prose/files.py: a.rst" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content"),
    [("b.py", b'x = """'), ("b.py", b"if x:\n    y\n  z\n"), ("b.yml", b'a: "b'), ("b.md", b"A caf\xe9.\n")],
)
def test_a_file_that_cannot_be_read_is_named(
    repository: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes
) -> None:
    """A file that its parser rejects is reported by name, without a traceback."""
    (repository / name).write_bytes(content)
    assert command.main([], repository) == 1
    assert f"{name} cannot be read: " in capsys.readouterr().err


def test_a_missing_vale_fails(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The check fails if Vale is not available."""

    def missing(say: object) -> Path:
        raise ProgramMissing("gcc: not installed")

    monkeypatch.setattr(vale, "program", missing)
    assert command.main([], repository) == 1
    assert "gcc: not installed" in capsys.readouterr().err


@pytest.mark.parametrize("script", ["exit 2", "echo broken rule >&2; echo {}", "echo no JSON", "rm -f a.md; exec true"])
def test_a_vale_that_fails_is_an_error(tmp_path: Path, script: str) -> None:
    """A run of Vale with an error status, an error message or no result raises an error."""
    program = tmp_path / "vale"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    with pytest.raises(vale.ValeError, match="Vale failed"):
        vale.check(program, tmp_path)
