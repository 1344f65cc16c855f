"""Port offsets for instances of the stack, each used by one instance at a time, also of test runs side by side."""

from __future__ import annotations

import fcntl
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from stack.paths import cache_home
from stack.port_numbers import DEFAULT_PORTS

OFFSETS = range(1_000, 5_700, 300)
"""No two of them give the same port to two components; all ports stay below those of outgoing connections."""


@contextmanager
def port_offset() -> Iterator[int]:
    """An offset at which nothing listens; it is reserved until the end of the block, as ports are taken one by one."""
    folder = cache_home() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    for offset in OFFSETS:
        with (folder / f"port-offset-{offset}.lock").open("w") as reserved:
            try:
                fcntl.flock(reserved, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            if all(not_listening(port + offset) for port in DEFAULT_PORTS.values()):
                yield offset
                return
    raise AssertionError(f"no range of free ports was found from {OFFSETS.start} above the default ports")


def not_listening(port: int) -> bool:
    """Whether a connection to this port of 127.0.0.1 is refused."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
