"""Following log files across rotation: supervisord renames a full file and begins a new one under the old name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

TAIL_BYTES = 512 * 1024


class Tail:
    """A followed file. Every line is returned exactly once, including those written just before a rotation."""

    def __init__(self, path: Path, *, from_start: bool = False) -> None:
        self.path = path
        self.file = path.open("rb")
        self.rest = b""
        self.begin = 0 if from_start else self.file.seek(0, os.SEEK_END)

    def new_lines(self) -> Iterator[str]:
        """Return the lines written since the last call."""
        yield from self.read()
        try:
            now = self.path.stat()
        except FileNotFoundError:
            return
        mine = os.fstat(self.file.fileno())
        if (now.st_ino, now.st_dev) != (mine.st_ino, mine.st_dev):
            # Read a second time: lines may have been written between the last read and the rename.
            yield from self.read()
            self.file.close()
            self.file = self.path.open("rb")
            yield from self.read()
        elif now.st_size < self.file.tell():
            self.file.seek(0)
            yield from self.read()

    def read(self) -> Iterator[str]:
        """Return the complete lines up to the end; an incomplete line stays until the rest of it is written."""
        *lines, self.rest = (self.rest + self.file.read()).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace")

    def close(self) -> None:
        """Close the file."""
        self.file.close()


def history(tail: Tail, keep: Callable[[str], bool], *, everything: bool) -> list[str]:
    """Return lines written before the tail begins: the last half megabyte, or all lines including the rotated files."""
    lines: list[str] = []
    if everything:
        for old in rotated(tail.path):
            with old.open(errors="replace") as file:
                lines += [line.rstrip("\n") for line in file if keep(line)]
    with tail.path.open("rb") as file:
        start = 0 if everything else max(0, tail.begin - TAIL_BYTES)
        file.seek(start)
        found = file.read(max(0, tail.begin - start)).decode(errors="replace").splitlines()
    # The first line is incomplete if reading starts in the middle of the file.
    return lines + [line for line in (found[1:] if start else found) if keep(line)]


def rotated(path: Path) -> list[Path]:
    """Return the rotated files, oldest first: name.log.3, name.log.2, …"""
    found = [old for old in path.parent.glob(f"{path.name}.*") if old.suffix[1:].isdigit()]
    return sorted(found, key=lambda old: -int(old.suffix[1:]))
