"""What the rule tests share: the servers' own checking programs, run on the files as they are committed."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from stack import programs
from tests.rules.files import Check


@pytest.fixture
def check() -> Check:
    """Run a program by its name and return what it printed; it fails the test if the program does, or is missing."""

    def run(name: str, *arguments: str | Path, env: Mapping[str, str] | None = None) -> str:
        command = [str(programs.find(name)), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=dict(env or {}), check=False)
        said = done.stdout + done.stderr
        assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{said}"
        return said

    return run
