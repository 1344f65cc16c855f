"""A release has one version everywhere, notes in the changelog, and a wheel that can be imported."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from deploy import release
from deploy.tracked import tracked
from stack.paths import ROOT

CHANGELOG = """# Changelog

## [Unreleased]

## [1.2.3] - 2026-01-02

### Added

- A.

## [1.2.2] - 2026-01-01

- B.
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout whose files have version 1.2.3."""
    (tmp_path / "observability").mkdir()
    (tmp_path / release.PROJECT).write_text('[project]\nversion = "1.2.3"\n')
    (tmp_path / release.LIBRARY_CHANGELOG).write_text("# Changelog\n\n## [1.2.3] - 2026-01-02\n\n- L.\n")
    (tmp_path / ".env").write_text("GLASSHOUSE_VERSION=1.2.3\n")
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    return tmp_path


def test_the_current_version_can_be_released() -> None:
    """The library and .env have the same version, and both changelogs have notes for it."""
    version = release.versions()[release.PROJECT]
    assert release.problems(f"v{version}") == []
    assert len(release.notes(version)) > 200


def test_notes_are_the_section_of_the_version(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The notes end where the section of the previous version begins."""
    assert release.main(["v1.2.3"], checkout) == 0
    assert capsys.readouterr().out == "### Added\n\n- A.\n\n## glasshouse-observability\n\n- L.\n"


def test_notes_do_not_end_at_a_line_that_begins_with_a_link(checkout: Path) -> None:
    """A wrapped line may begin with a link; only the definitions of links end the last section."""
    text = "## [1.2.3] - 2026-01-02\n\nSee the\n[guide](docs/a.md) and [b].\n\n[1.2.3]: https://example.org/\n"
    (checkout / "CHANGELOG.md").write_text(text)
    assert release.notes("1.2.3", checkout) == "See the\n[guide](docs/a.md) and [b]."


@pytest.mark.parametrize(
    ("file", "text", "problem"),
    [
        (release.PROJECT, '[project]\nversion = "1.2.2"\n', f"{release.PROJECT} has version 1.2.2, the tag is v1.2.3"),
        (release.LIBRARY_CHANGELOG, "", f"{release.LIBRARY_CHANGELOG} has no dated section [1.2.3] with content"),
        (".env", "", ".env has version none, the tag is v1.2.3"),
        ("CHANGELOG.md", "## [Unreleased]\n\n- A.\n", "CHANGELOG.md has no dated section [1.2.3] with content"),
        ("CHANGELOG.md", "## [1.2.3]\n\n- A.\n", "CHANGELOG.md has no dated section [1.2.3] with content"),
    ],
)
def test_a_file_that_differs_stops_the_release(
    checkout: Path, file: str, text: str, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error names the file, its version and the tag."""
    (checkout / file).write_text(text)
    assert release.main(["v1.2.3"], checkout) == 1
    assert capsys.readouterr().err == f"{problem}\n"


@pytest.mark.parametrize("tag", ["1.2.3", "v1.2", "v1.2.3-rc1", "latest"])
def test_a_tag_of_another_form_is_refused(checkout: Path, tag: str) -> None:
    """Only v and three numbers are a release."""
    assert release.main([tag], checkout) == 1


def test_the_arguments_are_checked() -> None:
    """Without a tag, the usage is printed and the status is 2."""
    assert release.main([]) == 2


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_the_library_can_be_built_from_its_folder_alone(kind: str, tmp_path: Path) -> None:
    """The wheel has every module and the marker for types; a wheel built from the sdist has the same files."""
    sources = tmp_path / "sources"
    files = tracked("observability")
    for path in files:
        (sources / path).parent.mkdir(parents=True, exist_ok=True)
        (sources / path).write_bytes((ROOT / path).read_bytes())
    build = [sys.executable, "-m", "uv", "build", "--offline", "--no-build-isolation", "-o", str(tmp_path)]
    options = ["--wheel"] if kind == "wheel" else []  # without an option, the wheel is built from the sdist
    done = subprocess.run([*build, *options, str(sources / "observability")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("glasshouse_observability-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    packaged = {f"observability/src/{name}" for name in names if ".dist-info/" not in name}
    assert packaged == {path for path in files if path.startswith("observability/src/")}
    probe = (
        "import glasshouse_observability, sys; sys.exit(not glasshouse_observability.__file__.startswith(sys.argv[1]))"
    )
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, sys.argv[1]); {probe}", str(wheel)]
    assert subprocess.run(command, cwd=tmp_path).returncode == 0
