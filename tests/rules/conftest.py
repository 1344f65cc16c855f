"""Fixtures of the rule tests, which run the servers' own checking programs on the committed files."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from stack import programs
from tests.rules.files import Check


@pytest.fixture
def check() -> Check:
    """Return a function that runs a program and returns its output; a failing or missing program fails the test."""

    def run(name: str, *arguments: str | Path, env: Mapping[str, str] | None = None) -> str:
        command = [str(programs.find(name)), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=dict(env or {}), check=False)
        said = done.stdout + done.stderr
        assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{said}"
        return said

    return run
