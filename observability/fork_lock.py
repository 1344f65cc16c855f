"""A readers-writer lock whose writer is a fork.

A fork in the middle of a scrape would copy a metric's lock while it is held, and the child would wait for ever on its
first observation. So a fork waits for the scrapes under way, and new scrapes wait for the fork. Scrapes do not wait for
each other: a collector may ask a server that does not answer, and the next scrape would only begin after its timeout.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class ForkLock:
    """Threads hold it together; a fork excludes them, and goes before those that come while it waits."""

    def __init__(self) -> None:
        self.after_in_child()

    def register(self) -> None:
        """Have every fork of this process take the lock, from now on and for good."""
        os.register_at_fork(
            before=self.before_fork, after_in_parent=self.after_in_parent, after_in_child=self.after_in_child
        )

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Within the block no fork is made. A fork in the block itself would wait for ever."""
        with self._entrance, self._changed:
            self._holders += 1
        try:
            yield
        finally:
            with self._changed:
                self._holders -= 1
                self._changed.notify_all()

    def before_fork(self) -> None:
        """Let no thread in any more, and wait for those that hold the lock."""
        self._entrance.acquire()
        with self._changed:
            self._changed.wait_for(lambda: self._holders == 0)

    def after_in_parent(self) -> None:
        """Let threads in again."""
        self._entrance.release()

    def after_in_child(self) -> None:
        """Begin as new: none of the parent's other threads is here."""
        self._entrance = threading.Lock()
        self._changed = threading.Condition(threading.Lock())
        self._holders = 0
