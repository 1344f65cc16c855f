"""The lock that scrapes share and a fork holds exclusively."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from glasshouse_observability.metrics.fork_lock import ForkLock
from library_support.waiting import wait_until


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


class Holder:
    """A thread's work that holds the lock until the test releases it."""

    def __init__(self, lock: ForkLock) -> None:
        self._lock = lock
        self.entered, self.leave = threading.Event(), threading.Event()

    def __call__(self) -> None:
        with self._lock.shared():
            self.entered.set()
            assert self.leave.wait(10)


def fork_waits(lock: ForkLock) -> bool:
    """Return whether a fork is waiting for the lock."""
    return lock._entrance.locked()


def test_threads_hold_it_together(pool: ThreadPoolExecutor) -> None:
    """Several threads can hold the lock at the same time."""
    lock, together = ForkLock(), threading.Barrier(4)

    def hold() -> None:
        with lock.shared():
            together.wait(10)

    for one in [pool.submit(hold) for _ in range(4)]:
        one.result()


def test_a_fork_waits_for_all_that_hold_it(pool: ThreadPoolExecutor) -> None:
    """A fork waits until all threads have released the lock, not only the first."""
    lock = ForkLock()
    first, second = Holder(lock), Holder(lock)
    holding = [pool.submit(one) for one in (first, second)]
    assert first.entered.wait(10)
    assert second.entered.wait(10)
    fork = pool.submit(lock.before_fork)
    wait_until("the fork to wait", lambda: fork_waits(lock))
    first.leave.set()
    holding[0].result(10)
    assert not fork.done()
    second.leave.set()
    fork.result(10)


def test_threads_that_come_while_a_fork_waits_go_after_it(pool: ThreadPoolExecutor) -> None:
    """A thread that arrives while a fork waits gets the lock after it, so that scrapes cannot delay a fork forever."""
    lock = ForkLock()
    early, late = Holder(lock), Holder(lock)
    pool.submit(early)
    assert early.entered.wait(10)
    fork = pool.submit(lock.before_fork)
    wait_until("the fork to wait", lambda: fork_waits(lock))
    held = pool.submit(late)
    early.leave.set()
    fork.result(10)
    assert not late.entered.is_set()
    lock.after_in_parent()
    assert late.entered.wait(10)
    late.leave.set()
    held.result(10)


def test_a_child_begins_with_a_free_lock() -> None:
    """The lock is free in a child process, because the threads that held it do not exist there.

    A signal handler can end a fork's wait while threads still hold the lock.
    """
    lock = ForkLock()
    with lock.shared():
        lock._entrance.acquire()
        child = os.fork()
        if child == 0:
            lock.after_in_child()
            with lock.shared():
                pass
            lock.before_fork()
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0
