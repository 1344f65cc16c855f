"""The version of a program."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

Version = tuple[int, ...]

PATTERN = re.compile(r"(?<![\d.])v?(\d+\.\d+(?:\.\d+)?)")


def parse(text: str) -> Version | None:
    """Return the first version number in a program's output: ``nginx/1.22.1`` is (1, 22, 1)."""
    found = PATTERN.search(text)
    return tuple(int(part) for part in found[1].split(".")) if found else None


def ask(program: Path, arguments: tuple[str, ...] = ("--version",), expects: str = "") -> Version | None:
    """Return the version that the program prints; None if it prints none or is a different program.

    ``expects`` must occur in the output, because other programs have the same names (Debian's ``loki`` is for
    genetics).
    """
    try:
        done = subprocess.run(
            [str(program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode or expects.lower() not in done.stdout.lower():
        return None
    return parse(done.stdout)


def show(version: Version) -> str:
    """Format (1, 22, 1) as 1.22.1."""
    return ".".join(str(part) for part in version)
