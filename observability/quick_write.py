"""Writing a line without handing over the interpreter.

``os.write`` lets other threads run meanwhile. Getting the interpreter back takes up to five milliseconds when they are
busy, and CPU time for both sides; writing a line into the page cache or a pipe takes two microseconds.
"""

from __future__ import annotations

import ctypes
import os
import select
import stat
from collections.abc import Callable

# PyDLL, unlike CDLL, keeps the interpreter during a call.
_libc = ctypes.PyDLL(None, use_errno=True)
_libc.write.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t)
_libc.write.restype = ctypes.c_ssize_t


class _PollFd(ctypes.Structure):
    _fields_ = (("fd", ctypes.c_int), ("events", ctypes.c_short), ("revents", ctypes.c_short))


LONGEST_AT_ONCE = select.PIPE_BUF
"""Bytes. A pipe that can be written takes so much without waiting; longer lines go the usual way."""


def writer(descriptor: int) -> Callable[[bytes], None]:
    """A function that appends all of a line to ``descriptor``: a file, or what may have to wait for its reader.

    Where it would have to wait, it lets the other threads run, as ``os.write`` does. The function raises ``OSError``.
    """
    poll_fd = _PollFd(descriptor, select.POLLOUT, 0)
    poll, write, pointer = _libc.poll, _libc.write, ctypes.byref(poll_fd)

    def go_on(line: bytes, done: int) -> None:
        # A result short of the whole, or an error, is left to os.write: it goes on where that stopped, or raises.
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
