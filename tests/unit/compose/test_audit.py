"""The list of the packages in the image, and their known vulnerabilities."""

from __future__ import annotations

import json

import pytest

from deploy.compose import audit

FLASK = {"name": "flask", "version": "3.1.3", "vulns": []}
HURT = {"name": "wrapt", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}


def test_every_locked_package_is_listed() -> None:
    """Every locked package is listed with its version and package URL."""
    lock = audit.LOCK.read_text()
    listed = audit.components(lock)
    assert len(listed) == sum(1 for line in lock.splitlines() if "==" in line)
    flask = next(part for part in listed if part["name"] == "flask")
    assert flask["purl"] == f"pkg:pypi/flask@{flask['version']}"


@pytest.mark.parametrize(("arguments", "status"), [([], 0), (["--strict"], 1)])
def test_a_known_vulnerability_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int
) -> None:
    """A known vulnerability is reported with the package and the fixed version, and fails only with `--strict`."""
    monkeypatch.setattr(audit, "look", lambda: [FLASK, HURT])
    assert audit.main(arguments) == status
    assert "PYSEC-1 in wrapt 1.0 (fixed in 1.1)" in capsys.readouterr().err
    assert json.loads(audit.SBOM.read_text())["bomFormat"] == "CycloneDX"


def test_without_the_database_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """If the vulnerability database cannot be reached, this is reported and no number of vulnerabilities is printed."""
    monkeypatch.setattr(audit, "look", list)
    assert audit.main(["--strict"]) == 0
    said = capsys.readouterr().err
    assert "cannot be reached" in said
    assert "known" not in said
