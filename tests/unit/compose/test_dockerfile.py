"""The image, as far as the Dockerfile shows it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.compose.files import ROOT, VERSIONS

TEXT = (ROOT / "Dockerfile").read_text()


def test_hadolint_is_content() -> None:
    """No warning, no rule switched off."""
    program = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("hadolint is not in this environment")
    done = subprocess.run([program, "Dockerfile"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
    assert "hadolint ignore" not in TEXT


def test_the_base_is_pinned_and_the_same_as_in_env() -> None:
    """A Dockerfile cannot read .env: its default must not drift."""
    assert f"ARG PYTHON_VERSION={VERSIONS['PYTHON_VERSION']}\n" in TEXT
    assert set(re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE)) == {"python:${PYTHON_VERSION}-slim-bookworm"}


def test_packages_come_from_the_lock_file_with_hashes() -> None:
    """And nothing is pulled to read the Dockerfile itself."""
    assert "--require-hashes -r /tmp/run.txt" in TEXT
    assert not TEXT.startswith("# syntax")
    assert "apt-get" not in TEXT


def test_what_is_copied_is_what_runs() -> None:
    """Every package of ours that a service starts is let into the image, and no test or server configuration."""
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert {"app", "console", "lab/trickle", "observability", "payments", "shop", "workers", "deploy/compose"} <= let_in
    assert not {"tests", "stack", ".env.secrets", ".git"} & let_in
    assert all((ROOT / path).exists() for path in let_in)
