"""Run programs for these tests with a timeout and with their output in the error."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]


class CommandFailed(AssertionError):
    """A program that these tests require has failed. The message ends with its output."""


def run(
    *command: str, env: Mapping[str, str] | None = None, seconds: float = 120, folder: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Run a program in the checkout or another folder. The only exception is a timeout."""
    return subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, errors="replace", timeout=seconds
    )


def output(*command: str, env: Mapping[str, str] | None = None, seconds: float = 120) -> str:
    """Return the program's output. Raises `CommandFailed` if it fails."""
    done = run(*command, env=env, seconds=seconds)
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-40:])
        raise CommandFailed(f"`{' '.join(command)}` failed ({done.returncode}):\n{said}")
    return done.stdout


def versions(names: Sequence[str] = ()) -> dict[str, str]:
    """Return the variables in .env."""
    lines = (ROOT / ".env").read_text().splitlines()
    pairs = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {name: pairs[name] for name in names or pairs}
