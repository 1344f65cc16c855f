"""One load per key at a time: threads that ask meanwhile share its result or its failure.

The name is Go's (``golang.org/x/sync/singleflight``). A lock per key shares results only: when the load fails, each of
the waiting threads takes the lock and fails in its turn, the last of sixteen after sixteen times the load's time.

It is in this package because the shop and the console need it and may not import one another; it uses the standard
library only.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from observability.exception_copies import copy_of

Value = TypeVar("Value")


class LeaderLost(RuntimeError):
    """The thread that loaded was ended in the middle of it (``SystemExit``, a killed greenlet), twice in a row."""


class SingleFlight(Generic[Value]):
    """Runs at most one load per key at a time. Nothing is kept: the next call after a load has ended loads again."""

    def __init__(self) -> None:
        self._forget()
        _all.add(self)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[Hashable, _Flight[Value]] = {}

    def is_flying(self, key: Hashable) -> bool:
        """Whether a thread is loading ``key`` now."""
        return key in self._flights

    def do(self, key: Hashable, load: Callable[[], Value]) -> Value:
        """Return ``load()``, or what the load of ``key`` that is under way returns.

        An ``Exception`` of the load is raised in every thread that waited for it, in each as a copy of its own whose
        cause is the original. Any other ``BaseException`` ends only the thread that loaded: those who waited share one
        more load. ``load`` may ask for its own key: that call loads by itself.

        Raises:
            LeaderLost: that load was ended too.
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
                    # A failure's traceback holds this frame, the flight its outcome, and that the failure: a cycle
                    # would keep every object of the load until the garbage collector runs.
                    del flight
            if flight.leader == threading.get_ident():
                # A wait for the own call would never end.
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
        # First: a thread that the outcome wakes and that asks again must not find it here.
        with self._lock:
            # In a fork that was made within the load, another may fly by now.
            if self._flights.get(key) is flight:
                del self._flights[key]


class _Ended(Exception):
    """The leader was ended before its load had an outcome."""


class _Flight(Generic[Value]):
    """A load under way."""

    def __init__(self, leader: int) -> None:
        self.leader = leader
        self.outcome: Future[Value] = Future()


_all: WeakSet[SingleFlight[Any]] = WeakSet()


def _forget_all() -> None:
    # A fork has only the thread that made it: loads of the others never end there, and their locks stay held.
    for flights in _all:
        flights._forget()


os.register_at_fork(after_in_child=_forget_all)
