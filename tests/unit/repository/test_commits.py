"""The check of commit messages."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

from deploy import commits
from stack.paths import ROOT

IDENTITY = ("-c", "user.name=Test", "-c", "user.email=test@example.org")


@pytest.mark.parametrize(
    "message",
    [
        "docs: add a tutorial",
        "stack, console: cut import cycles, use standard names\n\nThe launcher imported the console.\n",
        "log_gateway/logql: pass address to the parser",
        "deploy: embed the version",
        "ci: bring back the cache",
        "console: alias the old address",
        "x: " + "a" * 69,
    ],
)
def test_a_good_message_passes(message: str) -> None:
    """A message with one or more areas, an imperative summary and an optional body after a blank line passes."""
    assert list(commits.problems(message)) == []


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ("Add a tutorial", "not `area: summary`"),
        ("Docs: add a tutorial", "not `area: summary`"),
        ("docs:add a tutorial", "not `area: summary`"),
        ("fixup! docs: add a tutorial", "not `area: summary`"),
        ("docs: Add a tutorial", "imperative in lower case: Add"),
        ("docs: added a tutorial", "imperative in lower case: added"),
        ("docs: adding a tutorial", "imperative in lower case: adding"),
        ("docs: fixes a link", "imperative in lower case: fixes"),
        ("docs: add a tutorial.", "full stop"),
        ("docs: add " + "a" * 63, "73 characters"),
        ("docs: add a tutorial\nand a how-to", "not blank"),
    ],
)
def test_a_bad_message_has_one_problem(message: str, problem: str) -> None:
    """A bad message has exactly one problem."""
    (found,) = commits.problems(message)
    assert problem in found


def test_the_recorded_commit_is_a_whole_hash() -> None:
    """The recorded commit is a full hash, because a short one may become ambiguous."""
    after = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["glasshouse"]["commits"]
    assert len(after["checked-after"]) == 40


def git(folder: Path, *arguments: str) -> str:
    """Run git in the folder and return its output."""
    command = ["git", *IDENTITY, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository with an old commit in another style, good new ones and a merge."""
    folder = tmp_path / "whole"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "commit", "-q", "--allow-empty", "-m", "First version")
    old = git(folder, "rev-parse", "HEAD")
    (folder / "pyproject.toml").write_text(f'[tool.glasshouse.commits]\nchecked-after = "{old}"\n')
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "repository: add the check")
    git(folder, "checkout", "-q", "-b", "side")
    git(folder, "commit", "-q", "--allow-empty", "-m", "docs: add a page\n\nIt was missing.")
    git(folder, "checkout", "-q", "main")
    git(folder, "merge", "-q", "--no-ff", "-m", "Merge branch 'side'", "side")
    return folder


def test_new_commits_are_checked_and_older_ones_and_merges_are_not(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """New commits are checked, older commits and merges are not, and a problem is printed with commit and subject."""
    assert commits.main(repository) == 0
    git(repository, "commit", "-q", "--allow-empty", "-m", "docs: added a page")
    assert commits.main(repository) == 1
    short = git(repository, "rev-parse", "--short", "HEAD")
    assert capsys.readouterr().out.startswith(f"{short} docs: added a page → the summary does not begin")


def commit_raw(repository: Path, header: str, message: bytes) -> None:
    """Add a commit with this message and further header, which `git commit` would not write."""
    tree, parent = git(repository, "rev-parse", "HEAD^{tree}"), git(repository, "rev-parse", "HEAD")
    who = "A <a@example.org> 1700000000 +0000"
    head = f"tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\n{header}\n"
    (repository / "raw").write_bytes(head.encode() + message)
    git(repository, "reset", "-q", "--soft", git(repository, "hash-object", "-t", "commit", "-w", "raw"))


def test_a_message_that_is_not_utf_8_is_checked(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The bytes that cannot be decoded are replaced."""
    commit_raw(repository, "", b"docs: added a caf\xe9\n")
    assert commits.main(repository) == 1
    assert "docs: added a caf\N{REPLACEMENT CHARACTER} → the summary" in capsys.readouterr().out


def test_a_signature_that_git_shows_is_not_part_of_a_message(repository: Path) -> None:
    """A signature is not part of the message, even if the user has set `log.showSignature`."""
    git(repository, "config", "log.showSignature", "true")
    signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n AAAA\n -----END PGP SIGNATURE-----\n"
    commit_raw(repository, signature, b"docs: add a signed page\n")
    assert commits.main(repository) == 0


def test_a_shallow_clone_checks_what_it_has_and_warns(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A shallow clone checks the commits that it has, and warns with the command that fetches the rest."""
    git(repository, "commit", "-q", "--allow-empty", "-m", "Wrong")
    git(repository, "commit", "-q", "--allow-empty", "-m", "docs: add an index")
    for depth, status in ((1, 0), (2, 1)):
        clone = tmp_path / f"clone-{depth}"
        git(tmp_path, "clone", "-q", f"--depth={depth}", repository.as_uri(), str(clone))
        assert commits.main(clone) == status
        assert f"({depth}) are checked. To check all new ones: git fetch --unshallow" in capsys.readouterr().err


def test_an_unknown_commit_in_a_whole_clone_fails(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown commit in a complete clone fails, because a rewritten history must not pass unchecked."""
    (repository / "pyproject.toml").write_text(f'[tool.glasshouse.commits]\nchecked-after = "{"0" * 40}"\n')
    assert commits.main(repository) == 1
    assert "is not in this repository" in capsys.readouterr().err


def test_a_folder_without_history_fails(repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder without history, such as an unpacked archive, fails."""
    archive = tmp_path / "archive"
    archive.mkdir()
    (archive / "pyproject.toml").write_text((repository / "pyproject.toml").read_text())
    assert commits.main(archive) == 1
    assert "is not in this repository" in capsys.readouterr().err
