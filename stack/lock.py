"""File locks that the kernel releases when their process exits, so that a crash never leaves one behind."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

POLL_SECONDS = 0.2


class Held(Exception):
    """Another process holds the lock; ``pid`` is its pid if known."""

    def __init__(self, pid: int | None) -> None:
        super().__init__(f"held by pid {pid}")
        self.pid = pid


@contextlib.contextmanager
def hold(
    path: Path, on_wait: Callable[[int | None], None] | None = None, check: Callable[[], None] = lambda: None
) -> Iterator[IO[str]]:
    """Hold the lock. If another process holds it, call ``on_wait(pid)`` and wait; without ``on_wait``, raise Held.

    ``check`` is called during the wait and may raise to end it. Yields the lock's file; a child that inherits it keeps
    the lock until the child ends too.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        if not taken(file):
            pid = holder(path)
            if on_wait is None:
                raise Held(pid)
            on_wait(pid)
            while not taken(file):
                check()
                time.sleep(POLL_SECONDS)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield file
        finally:
            file.truncate(0)


def taken(file: IO[str]) -> bool:
    """Acquire the lock if it is free. Returns whether we hold it now."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def holder(path: Path) -> int | None:
    """Return the pid written in the lock file, or None."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def is_held(path: Path) -> bool:
    """Return whether a process holds the lock now."""
    try:
        with path.open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
