"""Checks of the free disk space."""

from __future__ import annotations

import shutil
from pathlib import Path

from stack.errors import DiskFull

MB = 1024 * 1024


def require(where: Path, megabytes: int, purpose: str, cure: str = "free some space") -> None:
    """Raise DiskFull unless the file system of ``where`` (or its nearest existing parent) has this much free space."""
    existing = next(path for path in (where, *where.parents) if path.exists())
    free = shutil.disk_usage(existing).free // MB
    if free < megabytes:
        raise DiskFull(
            f"{purpose} needs about {megabytes} MB in {where}, but only {free} MB are free: {cure}, then try again."
        )


def full(where: object) -> DiskFull:
    """Return the error for a write that failed with ENOSPC."""
    return DiskFull(f"the disk is full (writing {where}): free some space, then try again.")
