"""Delete old log files on the volume that the Collector reads, so that the newest remain up to a size and an age.

Our own processes rotate their file and keep two old files. NGINX starts a new file each hour and never deletes one. A
replica that was removed by scaling leaves its file behind.
"""

from __future__ import annotations

from pathlib import Path

KEEP_BYTES = 256 * 2**20
KEEP_SECONDS = 24 * 3600.0
IN_USE_SECONDS = 3600.0 + 600.0
"""A file that was written to within this time may still be open, or its end may not have been read yet."""


def surplus(files: dict[Path, tuple[float, int]], now: float) -> list[Path]:
    """Return the files (time of last change, size) to delete: those too old, and the oldest above the size limit."""
    total = sum(size for _, size in files.values())
    found = []
    for path, (changed, size) in sorted(files.items(), key=lambda item: item[1][0]):
        age = now - changed
        if age > IN_USE_SECONDS and (age > KEEP_SECONDS or total > KEEP_BYTES):
            found.append(path)
            total -= size
    return found


def tidy(folder: Path, now: float) -> list[Path]:
    """Delete the surplus files of a folder and return them."""
    files = {}
    for path in folder.glob("*.log*"):
        try:
            state = path.stat()
        except FileNotFoundError:  # The file was rotated in between.
            continue
        files[path] = state.st_mtime, state.st_size
    deleted = surplus(files, now)
    for path in deleted:
        path.unlink(missing_ok=True)
    return deleted
