"""The number of requests that are traced."""

from __future__ import annotations

import threading
from collections import Counter

from glasshouse_observability import TelemetrySettings
from glasshouse_observability.traces.sampling import Sampler, TraceBudget


class Clock:
    """A clock that tests advance."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_all_are_traced_within_the_budget_and_none_above_it() -> None:
    """All requests within the budget are traced, and unused budget is saved for at most two seconds."""
    clock = Clock()
    budget = TraceBudget(5, 0.0, 10, clock)
    assert [budget.admit() for _ in range(12)] == [True] * 10 + [False] * 2
    clock.now += 0.5
    assert [budget.admit() for _ in range(3)] == [True, True, False]
    clock.now += 3600
    assert sum(budget.admit() for _ in range(50)) == 10


def test_a_budget_below_one_a_second_is_one_every_few_seconds() -> None:
    """A budget below one per second traces the first request at once and then one every few seconds."""
    clock = Clock()
    budget = TraceBudget(0.5, 0.0, 1, clock)
    assert [budget.admit(), budget.admit()] == [True, False]
    clock.now += 1.9
    assert not budget.admit()
    clock.now += 0.2
    assert budget.admit()


def test_above_the_budget_a_ratio_is_traced() -> None:
    """Above the budget a random share of requests is traced."""
    chances = iter([0.09, 0.1, 0.5, 0.0])
    budget = TraceBudget(0, 0.1, 0, Clock(), lambda: next(chances))
    assert [budget.admit() for _ in range(4)] == [True, False, False, True]


def test_threads_share_one_budget() -> None:
    """Eight threads at the same time share one budget and use exactly all of it."""
    budget, taken, barrier = TraceBudget(50, 0.0, 100, Clock()), Counter[bool](), threading.Barrier(8)

    def ask() -> None:
        barrier.wait()
        for _ in range(500):
            taken[budget.admit()] += 1

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken[True] == 100


def test_readers_do_not_use_up_what_writers_may_trace() -> None:
    """Writes have their own budget, so that orders are traced however many requests only read."""
    sampler = Sampler(TelemetrySettings("api", "api-1", traces_per_second=0.5, trace_ratio=0.0))
    reads = [sampler.request("GET", None) is None for _ in range(3)]
    writes = [sampler.request("POST", None) is None for _ in range(3)]
    assert (reads, writes) == ([True, False, False], [True, False, False])


def test_as_many_writes_at_once_and_fewer_a_second() -> None:
    """The budget for writes has the same burst and two fifths of the rate."""
    clock = Clock()
    sampler = Sampler(TelemetrySettings("api", "api-1", traces_per_second=10, trace_ratio=0.0), clock)

    def traced(method: str) -> int:
        return sum(sampler.request(method, None) is None for _ in range(50))

    assert (traced("GET"), traced("POST")) == (20, 20)
    clock.now += 1.01
    assert (traced("GET"), traced("POST")) == (10, 4)
