"""A readers-writer lock whose writer is a fork.

A fork in the middle of a scrape would copy a metric's lock while it is held, and the child would block forever on its
first observation. So a fork waits for running scrapes, and new scrapes wait for the fork. Scrapes do not wait for each
other: a collector may query a server that does not respond, and the next scrape could otherwise start only after its
timeout.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class ForkLock:
    """A lock that threads share; a fork excludes them, and takes precedence over those that arrive while it waits."""

    def __init__(self) -> None:
        self.after_in_child()

    def register(self) -> None:
        """Make every later fork of this process take the lock; this cannot be undone."""
        os.register_at_fork(
            before=self.before_fork, after_in_parent=self.after_in_parent, after_in_child=self.after_in_child
        )

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Prevent forks within the block.

        A fork in the block itself would block forever.
        """
        with self._entrance, self._changed:
            self._holders += 1
        try:
            yield
        finally:
            with self._changed:
                self._holders -= 1
                self._changed.notify_all()

    def before_fork(self) -> None:
        """Block new threads, and wait for those that hold the lock."""
        self._entrance.acquire()
        with self._changed:
            self._changed.wait_for(lambda: self._holders == 0)

    def after_in_parent(self) -> None:
        """Allow threads again."""
        self._entrance.release()

    def after_in_child(self) -> None:
        """Reset the lock in the child, which has none of the parent's other threads."""
        self._entrance = threading.Lock()
        self._changed = threading.Condition(threading.Lock())
        self._holders = 0
