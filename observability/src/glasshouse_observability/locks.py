"""Locks that neither a fork nor a signal handler can turn into a deadlock.

A fork copies a lock in its current state. If another thread holds it at that moment, the child has no thread that would
release it, and blocks at its first use. A signal handler and a finaliser run between two instructions of a thread that
may hold the lock already. So these locks are re-entrant, and the child of a fork resets them.
"""

from __future__ import annotations

import os
import threading
from typing import Any
from weakref import WeakSet

_all: WeakSet[Any] = WeakSet()


def new_lock() -> Any:
    """Return a re-entrant lock for ``with``, which is free in every child of a fork.

    The code inside must tolerate a call of itself by a signal handler or a finaliser of the same thread.
    """
    lock = threading.RLock()
    _all.add(lock)
    return lock


def free(lock: Any) -> None:
    """In the child of a fork: release ``lock``, a ``Lock`` or ``RLock``, whichever thread held it in the parent."""
    # The method that ``logging`` and ``threading`` themselves use after a fork.
    lock._at_fork_reinit()


def _free_all() -> None:
    for lock in _all:
        free(lock)


os.register_at_fork(after_in_child=_free_all)
