"""Passwords are made once, and for their owner's eyes only."""

from __future__ import annotations

import re
from pathlib import Path

from deploy.compose.make_secrets import NAMES, complete
from tests.unit.compose.files import ROOT


def test_every_password_is_made(tmp_path: Path) -> None:
    """Long, each its own, of characters that need no quoting in a URL or a configuration; the file is mode 600."""
    file = tmp_path / ".env.secrets"
    assert complete(file) == list(NAMES)
    passwords = dict(re.findall(r"^(\w+)=(.+)$", file.read_text(), re.MULTILINE))
    assert set(passwords) == set(NAMES)
    assert len(set(passwords.values())) == len(NAMES)
    assert all(re.fullmatch("[0-9a-f]{48}", value) for value in passwords.values())
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    """A second run changes nothing; a name that was added since gets its value, the others keep theirs."""
    file = tmp_path / ".env.secrets"
    complete(file)
    before = file.read_text()
    assert complete(file) == []
    assert file.read_text() == before
    shortened = "\n".join(line for line in before.splitlines() if not line.startswith("REDIS_PASSWORD"))
    file.write_text(shortened)
    assert complete(file) == ["REDIS_PASSWORD"]
    assert file.read_text().startswith(shortened + "\nREDIS_PASSWORD=")


def test_git_and_the_image_never_see_them() -> None:
    """Ignored by both; .env, which is committed, has versions and nothing else."""
    assert ".env.secrets" in (ROOT / ".gitignore").read_text().splitlines()
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"
    names = re.findall(r"^(\w+)=", (ROOT / ".env").read_text(), re.MULTILINE)
    assert names
    assert all(name.endswith("_VERSION") for name in names)
