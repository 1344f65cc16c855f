"""Secrets of an instance."""

from __future__ import annotations

from pathlib import Path

from stack import secrets
from stack.paths import StatePaths


def test_secrets_are_made_once_for_their_owner_alone(tmp_path: Path) -> None:
    """Secrets are created once, readable by their owner only.

    A second start keeps them, so that tokens and the admin's password stay valid.
    """
    paths = StatePaths(tmp_path)
    secrets.make(paths)
    files = [secrets.jwt_secret(paths), secrets.admin_password(paths), secrets.grafana_password(paths)]
    first = [file.read_text() for file in files]
    secrets.make(paths)
    assert [file.read_text() for file in files] == first
    assert len(set(first)) == len(first)
    assert all(len(text) >= 24 for text in first)
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert paths.secrets.stat().st_mode & 0o777 == 0o700
    assert len(list(paths.secrets.iterdir())) == 3
