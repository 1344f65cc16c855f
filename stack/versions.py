"""Which version is a program, and is it new enough?"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

Version = tuple[int, ...]

PATTERN = re.compile(r"(?<![\d.])v?(\d+\.\d+(?:\.\d+)?)")


def parse(text: str) -> Version | None:
    """The first thing that reads like a version in a program's answer: ``nginx/1.22.1`` is (1, 22, 1)."""
    found = PATTERN.search(text)
    return tuple(int(part) for part in found[1].split(".")) if found else None


def ask(program: Path, arguments: tuple[str, ...] = ("--version",), expects: str = "") -> Version | None:
    """The version that the program itself states; None when it states none or is something else.

    ``expects`` must occur in the answer: other programs bear the same names (Debian's ``loki`` is for genetics).
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
    """(1, 22, 1) as 1.22.1."""
    return ".".join(str(part) for part in version)
