"""Writing a line without releasing the interpreter lock.

``os.write`` lets other threads run meanwhile. Acquiring the lock again takes up to five milliseconds when they are
busy, and CPU time on both sides; writing a line into the page cache or a pipe takes two microseconds.
"""

from __future__ import annotations

import ctypes
import os
import select
import stat
from collections.abc import Callable

# PyDLL, unlike CDLL, keeps the lock during a call.
_libc = ctypes.PyDLL(None, use_errno=True)
_libc.write.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t)
_libc.write.restype = ctypes.c_ssize_t


class _PollFd(ctypes.Structure):
    _fields_ = (("fd", ctypes.c_int), ("events", ctypes.c_short), ("revents", ctypes.c_short))


LONGEST_AT_ONCE = select.PIPE_BUF
"""Bytes. A writable pipe accepts this many without blocking; longer lines are written with ``os.write``."""


def writer(descriptor: int) -> Callable[[bytes], None]:
    """Return a function that writes a whole line to ``descriptor``, a file or a pipe or terminal that may block.

    If the write would block, other threads can run, as with ``os.write``. The function raises ``OSError``.
    """
    poll_fd = _PollFd(descriptor, select.POLLOUT, 0)
    poll, write, pointer = _libc.poll, _libc.write, ctypes.byref(poll_fd)

    def go_on(line: bytes, done: int) -> None:
        # os.write handles a partial write or an error: it continues at that position, or raises.
        done = max(0, done)
        while done < len(line):
            done += os.write(descriptor, line[done:])

    def to_file(line: bytes) -> None:
        size = len(line)
        if (done := write(descriptor, line, size)) != size:
            go_on(line, done)

    def to_reader(line: bytes) -> None:
        size, done = len(line), 0
        if size <= LONGEST_AT_ONCE and poll(pointer, 1, 0) == 1:
            done = write(descriptor, line, size)
        if done != size:
            go_on(line, done)

    return to_file if stat.S_ISREG(os.fstat(descriptor).st_mode) else to_reader
