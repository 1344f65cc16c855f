"""One replica with several processes: metrics in shared files, and one ``/metrics`` for all of them.

prometheus_client keeps the values of each process in separate files and adds them up at a scrape. It names the files by
process id, so every worker that dies leaves its files behind. Here they are named by the worker's slot: a worker that
replaces a dead one opens the same files and continues to count.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import mark_process_dead

from glasshouse_observability.metrics import prometheus_internals
from glasshouse_observability.metrics.shared_files import SharedFiles, set_damaged_aside
from glasshouse_observability.swallowed import SwallowedErrors

SETTING = "PROMETHEUS_MULTIPROC_DIR"
_PREFIX = "replica-"


class SharedFolder:
    """The files of one replica's workers, in a separate folder within ``base``; other folders there are not touched.

    Replicas on one machine may have the same ``base``. The folder is locked as long as a process of the replica runs;
    folders without a lock belong to replicas that have ended, and are removed.
    """

    def __init__(self, base: str) -> None:
        """Create the folder, and ``base`` if it does not exist.

        Raises:
            OSError: it cannot be created.
        """
        Path(base).mkdir(parents=True, exist_ok=True)
        # One at a time: a new folder that is not locked yet must not be taken for an abandoned one.
        door = _open_folder(base)
        fcntl.flock(door, fcntl.LOCK_EX)
        try:
            for folder in Path(base).glob(f"{_PREFIX}*"):
                _remove_if_left(folder)
            self.path = tempfile.mkdtemp(prefix=_PREFIX, dir=base)
            # This process and all its forks keep the file open, and thus locked.
            self._lock = _open_folder(self.path)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        finally:
            os.close(door)

    def registry(self) -> tuple[CollectorRegistry, SwallowedErrors]:
        """Return the sums of all workers, including those that have exited, and the errors of the reading process."""
        # This process counts its errors in memory: it is not one of the workers that have files.
        prometheus_internals.keep_values_in_memory()
        own, registry = CollectorRegistry(), CollectorRegistry()
        errors = SwallowedErrors(own)
        registry.register(SharedFiles(self.path, errors, own))
        return registry, errors

    def forget_gauges(self, slot: int) -> None:
        """Remove the gauges of the worker in ``slot``, which is dead: they stated current values."""
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
    """In a worker, before it creates its first metric: store all values in ``folder``, under ``slot``."""
    global _joined
    _joined = True
    os.environ[SETTING] = folder
    set_damaged_aside(folder, slot)
    owner = os.getpid()
    # Forks of the worker must not write into its files: they get separate files, named by process id.
    prometheus_internals.keep_values_in_files(lambda: slot if os.getpid() == owner else os.getpid())


def is_joined() -> bool:
    """Return whether this process is one of several that share their metrics."""
    return _joined
