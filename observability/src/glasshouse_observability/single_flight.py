"""One load per key at a time: threads that request the same key meanwhile share its result or its failure.

The name is Go's (``golang.org/x/sync/singleflight``). A lock per key shares only results: when the load fails, each of
the waiting threads takes the lock and fails in turn, so the last of sixteen fails after sixteen times the load's time.

It is in this package because the shop and the console need it and may not import one another; it uses only the standard
library.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from glasshouse_observability.exception_copies import copy_of

Value = TypeVar("Value")


class LeaderLost(RuntimeError):
    """The loading thread ended during its load (``SystemExit``, a killed greenlet), twice in a row."""


class SingleFlight(Generic[Value]):
    """Run at most one load per key at a time. Nothing is cached: the next call after a load has ended loads again."""

    def __init__(self) -> None:
        self._forget()
        _all.add(self)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[Hashable, _Flight[Value]] = {}

    def is_flying(self, key: Hashable) -> bool:
        """Return whether a thread is loading ``key`` now."""
        return key in self._flights

    def do(self, key: Hashable, load: Callable[[], Value]) -> Value:
        """Return ``load()``, or the result of the load of ``key`` that is already running.

        An ``Exception`` of the load is raised in every thread that waited for it, in each as a separate copy whose
        cause is the original. Any other ``BaseException`` ends only the thread that loaded: the waiting threads share
        one more load. ``load`` may request its own key: that call loads independently.

        Raises: LeaderLost: that load ended too.
        """
        for _ in range(2):
            with self._lock:
                flight = self._flights.get(key)
                is_leader = flight is None
                if flight is None:
                    flight = self._flights[key] = _Flight(threading.get_ident())
            if is_leader:
                try:
                    return self._lead(key, flight, load)
                finally:
                    # The traceback of a failure refers to this frame, the flight to its outcome, and the outcome to the
                    # failure. This cycle would keep every object of the load in memory until the garbage collector
                    # runs.
                    del flight
            if flight.leader == threading.get_ident():
                # Waiting for a load of the same thread would never end.
                return load()
            error = flight.outcome.exception()
            if error is None:
                return flight.outcome.result()
            if not isinstance(error, _Ended):
                raise copy_of(error)
        raise LeaderLost(f"the load of {key!r} was interrupted twice before it had a result")

    def _lead(self, key: Hashable, flight: _Flight[Value], load: Callable[[], Value]) -> Value:
        try:
            value = load()
        except Exception as error:
            self._land(key, flight)
            flight.outcome.set_exception(error)
            raise
        except BaseException:
            self._land(key, flight)
            flight.outcome.set_exception(_Ended())
            raise
        else:
            self._land(key, flight)
            flight.outcome.set_result(value)
            return value
        finally:
            del flight  # as in ``do``

    def _land(self, key: Hashable, flight: _Flight[Value]) -> None:
        # Removed before its waiters are woken: a woken thread that requests the key again must not find it here.
        with self._lock:
            # In a child that was forked during the load, this may already be another flight.
            if self._flights.get(key) is flight:
                del self._flights[key]


class _Ended(Exception):
    """The leader was ended before its load had an outcome."""


class _Flight(Generic[Value]):
    """A load in progress."""

    def __init__(self, leader: int) -> None:
        self.leader = leader
        self.outcome: Future[Value] = Future()


_all: WeakSet[SingleFlight[Any]] = WeakSet()


def _forget_all() -> None:
    # A fork has only the thread that created it: loads of other threads never end there, and their locks stay held.
    for flights in _all:
        flights._forget()


os.register_at_fork(after_in_child=_forget_all)
