"""Which log files are kept on the volume that the Collector reads: the newest, up to a size and an age.

Our own processes rotate their file and keep two old ones; NGINX begins a new file each hour and never deletes one, and
a replica that was scaled away leaves its file behind.
"""

from __future__ import annotations

from pathlib import Path

KEEP_BYTES = 256 * 2**20
KEEP_SECONDS = 24 * 3600.0
IN_USE_SECONDS = 3600.0 + 600.0
"""A file that was written to in this time may still be open, or its end not yet read."""


def surplus(files: dict[Path, tuple[float, int]], now: float) -> list[Path]:
    """Which of the files (time of last change, size) to delete: too old, or oldest of too many."""
    total = sum(size for _, size in files.values())
    found = []
    for path, (changed, size) in sorted(files.items(), key=lambda item: item[1][0]):
        age = now - changed
        if age > IN_USE_SECONDS and (age > KEEP_SECONDS or total > KEEP_BYTES):
            found.append(path)
            total -= size
    return found


def tidy(folder: Path, now: float) -> list[Path]:
    """Delete the surplus of a folder; returns what was deleted."""
    files = {}
    for path in folder.glob("*.log*"):
        try:
            state = path.stat()
        except FileNotFoundError:  # rotated away meanwhile
            continue
        files[path] = state.st_mtime, state.st_size
    deleted = surplus(files, now)
    for path in deleted:
        path.unlink(missing_ok=True)
    return deleted
