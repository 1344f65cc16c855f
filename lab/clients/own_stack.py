"""A stack that is started for one run, on free ports, and removed afterwards."""

from __future__ import annotations

import random
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.clients.errors import RunFailed
from lab.clients.running_stack import RunningStack
from stack.port_numbers import DEFAULT_PORTS

UP_SECONDS = 900.0
# Above the offsets of the end-to-end tests, so that a run and the tests do not collide.
OFFSETS = range(33_000, 38_500, 250)


@contextmanager
def own_stack(keep: bool = False) -> Iterator[RunningStack]:
    """Start a stack without generated traffic in a temporary directory, and stop it at the end.

    ``keep`` keeps its directory with all logs. Raises ``RunFailed`` if it does not start.
    """
    state_dir = Path(tempfile.mkdtemp(prefix="glasshouse-lab-")) / "state"
    instance = RunningStack.at(state_dir, GLASSHOUSE_PORT_OFFSET=str(free_offset()), TRAFFIC="0")
    try:
        instance.run("up", seconds=UP_SECONDS)
        yield instance
    finally:
        instance.launcher("down")
        if not keep:
            shutil.rmtree(state_dir.parent, ignore_errors=True)


def free_offset() -> int:
    """Return a random port offset at which all ports are free. Two runs that start together rarely choose the same."""
    offsets = random.sample(OFFSETS, len(OFFSETS))
    for offset in offsets:
        if all(_is_free(port + offset) for port in DEFAULT_PORTS.values()):
            return offset
    raise RunFailed(f"no range of free ports was found from {OFFSETS.start} above the default ports.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
