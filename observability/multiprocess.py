"""One replica of several processes: metrics in files that they share, one ``/metrics`` for all of them.

prometheus_client keeps the values of each process in files of its own and adds them up at a scrape. It names the
files by process id, so every worker that dies leaves its files behind for ever. Here they are named by the worker's
slot: a worker that takes the place of a dead one opens its files and counts on.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from observability import prometheus_internals

SETTING = "PROMETHEUS_MULTIPROC_DIR"
_PREFIX = "replica-"


class SharedFolder:
    """The files of one replica's workers: a folder of its own in ``base``, whose other tenants are left alone.

    Replicas on one machine may have the same ``base``. The folder is locked for as long as a process of the replica
    lives; folders without a lock belong to replicas that have ended, and are removed.
    """

    def __init__(self, base: str) -> None:
        """Make the folder, and ``base`` if it is not there.

        Raises:
            OSError: it could not be made.
        """
        Path(base).mkdir(parents=True, exist_ok=True)
        # One at a time: a folder just made and not yet locked must not pass for one that was left.
        door = _open_folder(base)
        fcntl.flock(door, fcntl.LOCK_EX)
        try:
            for folder in Path(base).glob(f"{_PREFIX}*"):
                _remove_if_left(folder)
            self.path = tempfile.mkdtemp(prefix=_PREFIX, dir=base)
            # Kept open, and so locked, by this process and all that it forks.
            self._lock = _open_folder(self.path)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        finally:
            os.close(door)

    def registry(self) -> CollectorRegistry:
        """What all workers together have counted, those that are gone included."""
        registry = CollectorRegistry()
        MultiProcessCollector(registry, self.path)  # type: ignore[no-untyped-call]
        return registry

    def forget_gauges(self, slot: int) -> None:
        """The worker in ``slot`` is dead: what its gauges said of "now" is no longer so."""
        mark_process_dead(slot, self.path)  # type: ignore[no-untyped-call]


def _open_folder(path: str | Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def _remove_if_left(folder: Path) -> None:
    descriptor = _open_folder(folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    else:
        shutil.rmtree(folder)
    finally:
        os.close(descriptor)


_joined = False


def join(folder: str, slot: int) -> None:
    """In a worker, before it makes its first metric: keep all values in ``folder``, under ``slot``."""
    global _joined
    _joined = True
    os.environ[SETTING] = folder
    owner = os.getpid()
    # What the worker forks must not write into its files: it gets some of its own, by its process id.
    prometheus_internals.keep_values_in_files(lambda: slot if os.getpid() == owner else os.getpid())


def is_joined() -> bool:
    """Whether this process is one of several that share their metrics."""
    return _joined
