"""One load per key at a time; its result or its failure is shared."""

from __future__ import annotations

import contextlib
import gc
import os
import threading
import time
import traceback
import weakref
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from glasshouse_observability.single_flight import LeaderLost, SingleFlight
from library_support.waiting import wait_until

READERS = 16
LOAD_SECONDS = 1.0


class Failed(Exception):
    """The exception that a load raises."""


class Load:
    """A load that counts its calls and waits in each for ``go``; it then returns or raises ``answer``."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.calls = answer, 0
        self.entered, self.go = threading.Event(), threading.Event()
        self._lock = threading.Lock()

    def __call__(self) -> Any:
        with self._lock:
            self.calls += 1
        self.entered.set()
        assert self.go.wait(10)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(READERS) as pool:
        yield pool


def waiting(flights: SingleFlight[Any], key: str) -> int:
    """Return how many threads wait for the current load of ``key``."""
    return len(flights._flights[key].outcome._condition._waiters)  # type: ignore[attr-defined]


def together(pool: ThreadPoolExecutor, flights: SingleFlight[Any], load: Load) -> list[Future[Any]]:
    """Start one thread that loads and the others of ``pool``, which wait for it; then let the load end."""
    leader = pool.submit(flights.do, "key", load)
    assert load.entered.wait(10)
    others = [pool.submit(flights.do, "key", load) for _ in range(READERS - 1)]
    wait_until("the others to wait for the load", lambda: waiting(flights, "key") == READERS - 1)
    load.go.set()
    return [leader, *others]


def test_a_result_is_shared(pool: ThreadPoolExecutor) -> None:
    """Sixteen readers of a key share the result of one load."""
    load = Load(["answer"])
    answers = [one.result(10) for one in together(pool, SingleFlight(), load)]
    assert answers == [["answer"]] * READERS
    assert load.calls == 1


def test_a_failure_is_shared(pool: ThreadPoolExecutor) -> None:
    """Sixteen readers share one failed load, and each gets its own exception with its own traceback."""
    load = Load(Failed("down"))
    errors = [one.exception(10) for one in together(pool, SingleFlight(), load)]
    assert load.calls == 1
    assert {type(error) for error in errors} == {Failed}
    assert {str(error) for error in errors} == {"down"}
    assert len({id(error) for error in errors}) == READERS
    original, *copies = errors
    assert original is load.answer
    assert all(error is not None and error.__cause__ is original for error in copies)
    for error in errors:
        assert error is not None
        names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
        assert names.count("do") == 1, names


def test_sixteen_readers_of_a_failing_key_are_answered_within_twice_the_loads_time() -> None:
    """Sixteen readers of a failing key are answered within twice the load's time.

    The time of each is measured from the moment at which all of them start.
    """
    flights: SingleFlight[None] = SingleFlight()
    ready = threading.Barrier(READERS, timeout=10)

    def fail() -> None:
        threading.Event().wait(LOAD_SECONDS)
        raise Failed

    def read(_: int) -> float:
        ready.wait()
        started = time.monotonic()
        with pytest.raises(Failed):
            flights.do("key", fail)
        return time.monotonic() - started

    with ThreadPoolExecutor(READERS) as pool:
        assert max(pool.map(read, range(READERS))) < 2 * LOAD_SECONDS


@pytest.mark.parametrize("answer", ["answer", Failed("down")], ids=["result", "failure"])
def test_nothing_is_kept_after_the_load(answer: Any) -> None:
    """Nothing is kept after the load, so the next reader loads again."""
    flights: SingleFlight[Any] = SingleFlight()
    load = Load(answer)
    load.go.set()
    for _ in range(2):
        if isinstance(answer, Failed):
            with pytest.raises(Failed):
                flights.do("key", load)
        else:
            assert flights.do("key", load) == answer
        assert not flights.is_flying("key")
    assert load.calls == 2


def test_keys_do_not_wait_for_each_other(pool: ThreadPoolExecutor) -> None:
    """A slow load blocks only the readers of its own key."""
    flights: SingleFlight[Any] = SingleFlight()
    slow = Load("slow")
    first = pool.submit(flights.do, "slow", slow)
    assert slow.entered.wait(10)
    assert flights.is_flying("slow")
    assert flights.do("quick", lambda: "quick") == "quick"
    slow.go.set()
    assert first.result(10) == "slow"


@pytest.mark.parametrize("end", [SystemExit, KeyboardInterrupt, GeneratorExit], ids=lambda end: end.__name__)
def test_a_leader_that_is_ended_does_not_end_followers(pool: ThreadPoolExecutor, end: type[BaseException]) -> None:
    """A thread that is ended during its load gets its own exception, and its followers share one more load."""
    flights: SingleFlight[Any] = SingleFlight()
    ended = Load(end())
    second = Load("answer")
    leader = pool.submit(flights.do, "key", ended)
    assert ended.entered.wait(10)
    others = [pool.submit(flights.do, "key", second) for _ in range(READERS - 1)]
    wait_until("the others to wait for the load", lambda: waiting(flights, "key") == READERS - 1)
    ended.go.set()
    assert isinstance(leader.exception(10), end)
    assert second.entered.wait(10)
    wait_until("the others to wait for the second", lambda: waiting(flights, "key") == READERS - 2)
    second.go.set()
    assert [one.result(10) for one in others] == ["answer"] * (READERS - 1)
    assert (ended.calls, second.calls) == (1, 1)


def test_a_load_that_always_ends_its_thread_does_not_go_round(pool: ThreadPoolExecutor) -> None:
    """After two loads that end their threads, the remaining readers are refused and do not load one by one."""
    flights: SingleFlight[Any] = SingleFlight()
    first, second = Load(SystemExit()), Load(SystemExit())
    leader = pool.submit(flights.do, "key", first)
    assert first.entered.wait(10)
    others = [pool.submit(flights.do, "key", second) for _ in range(READERS - 1)]
    wait_until("the others to wait for the first", lambda: waiting(flights, "key") == READERS - 1)
    first.go.set()
    assert second.entered.wait(10)
    wait_until("the others to wait for the second", lambda: waiting(flights, "key") == READERS - 2)
    second.go.set()
    kinds = [type(one.exception(10)) for one in (leader, *others)]
    assert (kinds.count(SystemExit), kinds.count(LeaderLost)) == (2, READERS - 2)
    assert second.calls == 1


def test_a_load_may_ask_for_its_own_key() -> None:
    """A load may request its own key, where it would otherwise wait for itself forever."""
    flights: SingleFlight[Any] = SingleFlight()
    assert flights.do("key", lambda: [flights.do("key", lambda: "inner")]) == ["inner"]
    assert not flights.is_flying("key")


def test_a_fork_does_not_wait_for_loads_of_its_parent(pool: ThreadPoolExecutor) -> None:
    """A fork does not wait for its parent's loads, whose threads do not exist in the child.

    One of them may have held the lock when the child was created.
    """
    flights: SingleFlight[Any] = SingleFlight()
    load = Load("parent's")
    leader = pool.submit(flights.do, "key", load)
    assert load.entered.wait(10)
    with flights._lock:
        child = os.fork()
        if child == 0:
            os._exit(0 if flights.do("key", lambda: "child's") == "child's" else 1)
    ended: list[int] = []

    def has_ended() -> bool:
        pid, status = os.waitpid(child, os.WNOHANG)
        ended.append(status)
        return pid == child

    wait_until("the child to end", has_ended)
    assert ended[-1] == 0
    load.go.set()
    assert leader.result(10) == "parent's"


def test_a_fork_within_a_load_ends_its_own_flight_only() -> None:
    """A fork within a load ends only its own flight.

    The load continues in both processes; in the child another load of the key may have started by then.
    """
    flights: SingleFlight[Any] = SingleFlight()
    other: dict[str, object] = {}

    def load() -> str:
        flights._forget()  # as after a fork
        other["key"] = flights._flights["key"] = object()  # type: ignore[assignment]
        return "answer"

    assert flights.do("key", load) == "answer"
    assert flights._flights == other


def test_a_failure_is_gone_when_its_readers_are() -> None:
    """A failure is freed with its readers, because no reference cycle keeps the frames of the load."""

    class Held:
        """A large object in a frame of the load."""

    flights: SingleFlight[Any] = SingleFlight()
    gone: list[weakref.ref[Held]] = []

    def fail() -> None:
        held = Held()
        gone.append(weakref.ref(held))
        raise Failed

    gc.disable()
    try:
        with contextlib.suppress(Failed):
            flights.do("key", fail)
        assert gone[0]() is None
    finally:
        gc.enable()
