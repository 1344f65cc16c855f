"""A log file that several processes write and rotate without losing a line."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from glasshouse_observability.logs.lines import LineHandler, LogLines
from glasshouse_observability.logs.quick_write import writer

COMPLAIN_SECONDS = 60.0
LOOK_SECONDS = 0.05
"""Seconds between checks whether another process has rotated or filled the file; a check costs more than a write."""


class SharedFileHandler(LineHandler):
    """Append each record as one line; ``path`` becomes ``path.1`` at ``max_bytes``, up to ``path.<backups>``.

    It is safe for the processes of one service (a server and its workers, an RQ worker and its work horses): each line
    is one ``write`` in append mode, one of the writers rotates under a lock, and the others detect the rotation by the
    file's inode. A line that another process writes during the rotation is in the rotated file. A failed write is
    neither logged nor raised; it is counted in ``lines`` and reported on standard error once a minute.
    """

    def __init__(
        self,
        path: str,
        max_bytes: int = 10 * 2**20,
        backups: int = 2,
        lines: LogLines | None = None,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        super().__init__(lines)
        self._look_seconds, self._look_at, self._size = look_seconds, 0.0, 0
        self._door = threading.RLock()
        self._path, self._max_bytes, self._backups = Path(path), max_bytes, backups
        self._descriptor = -1
        self._inode = 0
        self._append: Callable[[bytes], None]
        self._complained = -COMPLAIN_SECONDS

    def write_line(self, line: bytes) -> None:
        """Append a line."""
        with self._door:
            self._put(line)

    def _put(self, line: bytes) -> None:
        try:
            if time.monotonic() >= self._look_at:
                self._follow()
            if self._size + len(line) > self._max_bytes:
                self._rotate()
            self._append(line)
            self._size += len(line)
        except OSError as error:
            self._complain(error)
            self._count_lost()
            return
        self._count_written()

    def close(self) -> None:
        """Close the file; a later record opens it again."""
        with self._door:
            self._forget()
        super().close()

    def _follow(self) -> None:
        """Open the file that has the name now, because another process may have rotated the previous one."""
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            found = None
        if self._descriptor < 0 or found is None or found.st_ino != self._inode:
            self._forget()
            self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
            self._append = writer(self._descriptor)
            found = os.fstat(self._descriptor)
        self._inode, self._size = found.st_ino, found.st_size
        self._look_at = time.monotonic() + self._look_seconds

    def _rotate(self) -> None:
        """Rotate the file, unless another process is doing so: then it grows by a few more lines."""
        # A separate descriptor: the one for writing, and thus its lock, may be shared with a forked process.
        own = os.open(self._path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        with contextlib.suppress(BlockingIOError, FileNotFoundError):
            fcntl.flock(own, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(own).st_ino == os.stat(self._path).st_ino == self._inode:
                for number in range(self._backups, 0, -1):
                    newer = self._numbered(number - 1) if number > 1 else self._path
                    if newer.exists():
                        newer.replace(self._numbered(number))
        os.close(own)
        self._follow()

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def _forget(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor, self._look_at = -1, 0.0

    def _complain(self, error: OSError) -> None:
        now = time.monotonic()
        if now - self._complained >= COMPLAIN_SECONDS:
            self._complained = now
            sys.stderr.write(f"log file {self._path}: {error.strerror}; lines go to standard output only\n")
