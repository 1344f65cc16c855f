"""The script that starts Grafana refuses data that was created with another password."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.unit.compose.files import ROOT

SCRIPT = ROOT / "deploy" / "compose" / "grafana" / "start.sh"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Grafana's data folder, empty, next to the file with its password."""
    (tmp_path / "value").write_text("first")
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def start(data: Path) -> subprocess.CompletedProcess[str]:
    """Run the script; `echo` takes the place of Grafana's entrypoint."""
    env = {
        "PATH": "/usr/bin:/bin",
        "GF_PATHS_DATA": str(data),
        "GF_SECURITY_ADMIN_PASSWORD__FILE": str(data.parent / "value"),
        "RUN": "echo",
    }
    return subprocess.run(["sh", str(SCRIPT), "started"], env=env, capture_output=True, text=True, timeout=20)


def test_it_starts_while_the_password_is_the_same(data: Path) -> None:
    """Grafana starts at its first start, and with data that was created with the same password."""
    assert start(data).stdout == "started\n"
    (data / "grafana.db").touch()
    assert start(data).stdout == "started\n"


def test_data_with_another_password_is_refused(data: Path) -> None:
    """The message names the cause and both remedies; the old password is accepted again."""
    start(data)
    (data / "grafana.db").touch()
    (data.parent / "value").write_text("second")
    for _ in range(2):
        done = start(data)
        assert (done.returncode, done.stdout) == (1, "")
        assert "created with another password" in done.stderr
        assert "GRAFANA_ADMIN_PASSWORD" in done.stderr
        assert "docker volume rm" in done.stderr
        assert "second" not in done.stderr
    (data.parent / "value").write_text("first")
    assert start(data).stdout == "started\n"


def test_without_data_the_password_may_change(data: Path) -> None:
    """A start that failed before Grafana created its database leaves nothing that refuses the next one."""
    start(data)
    (data.parent / "value").write_text("second")
    assert start(data).stdout == "started\n"
    (data / "grafana.db").touch()
    assert start(data).stdout == "started\n"


def test_a_full_disk_does_not_refuse_later_starts(data: Path) -> None:
    """A start that cannot write the digest leaves no empty one, which no password has."""
    (data / "grafana.db").touch()
    env = {
        "PATH": "/usr/bin:/bin",
        "GF_PATHS_DATA": str(data),
        "GF_SECURITY_ADMIN_PASSWORD__FILE": str(data.parent / "value"),
        "RUN": "echo",
    }
    failed = subprocess.run(["sh", "-c", f"ulimit -f 0; exec sh '{SCRIPT}'"], env=env, capture_output=True, timeout=20)
    assert failed.returncode != 0
    assert start(data).stdout == "started\n"


def test_data_of_an_earlier_version_is_accepted(data: Path) -> None:
    """Data that was created before this script existed, without a digest, is accepted, and gets one."""
    (data / "grafana.db").touch()
    assert start(data).stdout == "started\n"
    assert (data / "password.sha256").exists()
