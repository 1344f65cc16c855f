"""Detection of a program's version, and of whether it is the right program."""

from __future__ import annotations

from pathlib import Path

import pytest

from stack import programs, versions
from stack.errors import ProgramMissing
from stack.programs import Program


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("nginx version: nginx/1.22.1", (1, 22, 1)),
        ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0", (7, 0, 15)),
        ("prometheus, version 2.42.0+ds (branch: debian/sid)", (2, 42, 0)),
        ("db version v6.0.5\nBuild Info: {", (6, 0, 5)),
        ("go version go1.26.8 linux/amd64", (1, 26, 8)),
        ("jaeger version v2.13.0", (2, 13, 0)),
        ("no version at all", None),
    ],
)
def test_versions_are_read_from_what_programs_say(text: str, version: versions.Version | None) -> None:
    """Versions are parsed from the different output of each program."""
    assert versions.parse(text) == version


def fake(folder: Path, name: str, says: str, code: int = 0) -> Path:
    """Create a program that prints a text and exits."""
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    program.chmod(0o755)
    return program


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that is the whole PATH, next to an empty cache."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    programs.from_path.cache_clear()
    return tmp_path / "bin"


WANTED = Program("alertmanager", (0, 27), "go", expects="alertmanager")


def test_a_program_on_the_path_is_taken_when_it_is_new_enough(on_path: Path) -> None:
    """A program that the user has installed is used if it is new enough."""
    program = fake(on_path, "alertmanager", "alertmanager, version 0.28.0")
    assert programs.locate(WANTED) == program


@pytest.mark.parametrize("says", ["alertmanager, version 0.25.0", "something else, version 1.0.0"])
def test_one_that_is_too_old_or_another_program_is_not_taken(on_path: Path, says: str) -> None:
    """A program that is too old, or is another program, is not used.

    Debian's alertmanager 0.25 has neither the web page nor url_file.
    """
    fake(on_path, "alertmanager", says)
    assert programs.locate(WANTED) is None


def test_one_that_fails_is_not_taken(on_path: Path) -> None:
    """A program that fails to report its version is not used."""
    fake(on_path, "alertmanager", "alertmanager, version 0.28.0", code=1)
    assert programs.locate(WANTED) is None


def test_the_cache_comes_after_the_path(on_path: Path, tmp_path: Path) -> None:
    """A built program is found in the cache by name and version, after the PATH."""
    home = programs.modules.making("alertmanager").home
    assert home.is_relative_to(tmp_path / "cache")
    home.mkdir(parents=True)
    built = fake(home, "alertmanager", "")
    assert programs.locate(WANTED) == built


def test_find_says_how_to_get_a_program_that_is_missing(on_path: Path) -> None:
    """The error for a missing program states how to get it, because tests depend on it."""
    with pytest.raises(ProgramMissing, match="python -m stack programs"):
        programs.find("amtool")
    with pytest.raises(ProgramMissing, match="no program mailpit"):
        programs.find("mailpit")
