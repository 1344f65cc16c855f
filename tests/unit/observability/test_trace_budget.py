"""How many requests are traced."""

from __future__ import annotations

import threading
from collections import Counter

from observability import TelemetrySettings
from observability.sampling import Sampler, TraceBudget


class Clock:
    """A time that passes on request."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_all_are_traced_within_the_budget_and_none_above_it() -> None:
    """What is not used is saved up for two seconds, not longer."""
    clock = Clock()
    budget = TraceBudget(5, 0.0, 10, clock)
    assert [budget.admit() for _ in range(12)] == [True] * 10 + [False] * 2
    clock.now += 0.5
    assert [budget.admit() for _ in range(3)] == [True, True, False]
    clock.now += 3600
    assert sum(budget.admit() for _ in range(50)) == 10


def test_a_budget_below_one_a_second_is_one_every_few_seconds() -> None:
    """And the first is traced at once."""
    clock = Clock()
    budget = TraceBudget(0.5, 0.0, 1, clock)
    assert [budget.admit(), budget.admit()] == [True, False]
    clock.now += 1.9
    assert not budget.admit()
    clock.now += 0.2
    assert budget.admit()


def test_above_the_budget_a_ratio_is_traced() -> None:
    """As chance has it."""
    chances = iter([0.09, 0.1, 0.5, 0.0])
    budget = TraceBudget(0, 0.1, 0, Clock(), lambda: next(chances))
    assert [budget.admit() for _ in range(4)] == [True, False, False, True]


def test_threads_share_one_budget() -> None:
    """Eight threads that ask at once get no more than there is, and no less."""
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
    """Orders are traced however many only look."""
    sampler = Sampler(TelemetrySettings("api", "api-1", traces_per_second=0.5, trace_ratio=0.0))
    reads = [sampler.request("GET", None, None) is None for _ in range(3)]
    writes = [sampler.request("POST", None, None) is None for _ in range(3)]
    assert (reads, writes) == ([True, False, False], [True, False, False])


def test_as_many_writes_at_once_and_fewer_a_second() -> None:
    """Two fifths."""
    clock = Clock()
    sampler = Sampler(TelemetrySettings("api", "api-1", traces_per_second=10, trace_ratio=0.0), clock)

    def traced(method: str) -> int:
        return sum(sampler.request(method, None, None) is None for _ in range(50))

    assert (traced("GET"), traced("POST")) == (20, 20)
    clock.now += 1.01
    assert (traced("GET"), traced("POST")) == (10, 4)
