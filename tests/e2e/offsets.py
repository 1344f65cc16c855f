"""Port offsets for instances of the stack. One instance uses each offset at a time, even across parallel test runs."""

from __future__ import annotations

import fcntl
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from stack.paths import cache_home
from stack.port_numbers import DEFAULT_PORTS

OFFSETS = range(1_000, 5_700, 300)
"""Offsets that never assign a port to two components and stay below the ports of outgoing connections."""


@contextmanager
def port_offset() -> Iterator[int]:
    """Reserve an offset without listeners until the block ends, because components open their ports one by one."""
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
    """Return whether a connection to this port of 127.0.0.1 is refused."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
