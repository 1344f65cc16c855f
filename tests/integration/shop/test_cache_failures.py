"""Loads that fail under many readers: there is one load, and all readers get its failure when it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
import redis

from shop.adapters import cache_lock
from shop.domain.errors import DatabaseUnavailable
from shop.domain.product import Product
from tests.integration.conftest import Server
from tests.integration.shop.caches import Replica, SlowCatalogue
from tests.unit.shop.fakes import LAMP
from tests.waiting import wait_until

READERS, LOAD_SECONDS = 16, 1.0
"""Seconds of a load: long compared with the delays of a busy machine.

One after the other, the last reader would wait 16 s.
"""


def seconds_of(replicas: list[Replica]) -> list[float]:
    """Return how long each reader waits for its failure; the readers run on all replicas and start together."""
    ready = threading.Barrier(READERS, timeout=10)

    def read(number: int) -> float:
        ready.wait()
        started = time.monotonic()
        with pytest.raises(DatabaseUnavailable):
            replicas[number % len(replicas)].catalogue.look_at(LAMP.id)
        return time.monotonic() - started

    with ThreadPoolExecutor(READERS) as pool:
        return list(pool.map(read, range(READERS)))


@pytest.mark.parametrize("processes", [1, 4])
def test_all_readers_of_a_failing_cold_key_are_answered_within_twice_the_loads_time(
    replica: Callable[[], Replica], database: SlowCatalogue, processes: int
) -> None:
    """All readers share one failed load, also across processes; each counts as a miss."""
    database.seconds, database.down = LOAD_SECONDS, True
    replicas = [replica() for _ in range(processes)]
    seconds = seconds_of(replicas)
    assert database.asked == 1
    assert max(seconds) < 2 * LOAD_SECONDS
    assert sum(one.count("miss") for one in replicas) == READERS


def test_without_redis_the_failure_is_shared_too(
    replica: Callable[[], Replica], database: SlowCatalogue, redis_server: tuple[str, Server]
) -> None:
    """Without Redis, the readers of each process share one failed load."""
    redis_server[1].kill()
    database.seconds, database.down = LOAD_SECONDS, True
    seconds_of([replica()])
    assert database.asked == 1


def test_a_failure_is_not_cached(replica: Callable[[], Replica], database: SlowCatalogue) -> None:
    """No process caches a failure: the next reader loads again, and succeeds when the database is back."""
    here, there = replica(), replica()
    database.down = True
    for one in (here, there, here):
        with pytest.raises(DatabaseUnavailable):
            one.catalogue.look_at(LAMP.id)
    assert database.asked == 3
    database.down = False
    assert here.catalogue.look_at(LAMP.id).product == LAMP


def test_a_process_that_dies_with_the_lock_holds_the_others_for_a_bounded_time(
    replica: Callable[[], Replica], database: SlowCatalogue
) -> None:
    """If the holder of the lock dies, the waiting processes each load after a limited time."""
    one, other = replica(), replica()
    locks = one.catalogue.products._locks
    assert locks.take(f"{{product:{LAMP.id}}}") is not None
    # Neither stores a value until both have stopped waiting.
    both, get = threading.Barrier(2, timeout=10), database.get

    def get_together(product_id: str) -> Product:
        both.wait()
        return get(product_id)

    database.get = get_together  # type: ignore[method-assign]
    with ThreadPoolExecutor(2) as pool:
        seen = list(pool.map(lambda replica: replica.catalogue.look_at(LAMP.id).product, (one, other)))
    assert seen == [LAMP, LAMP]
    assert database.asked == 2


def test_who_waits_loads_at_once_when_the_lock_is_given_back_without_a_result(
    replica: Callable[[], Replica], database: SlowCatalogue
) -> None:
    """If a load ends by a defect, its error is not shared, and a waiting process loads at once."""
    one, name = replica(), f"{{product:{LAMP.id}}}"
    locks = one.catalogue.products._locks
    token = locks.take(name)
    assert token is not None
    looked = threading.Event()
    look = locks._look
    locks._look = lambda name: (look(name), looked.set())[0]  # type: ignore[method-assign,func-returns-value]
    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(one.catalogue.look_at, LAMP.id)
        assert looked.wait(5)
        assert not reader.done()
        started = time.monotonic()
        locks.release(name, token, failure=None)
        assert reader.result(10).product == LAMP
    assert time.monotonic() - started < cache_lock.WAIT_SECONDS / 2


def test_a_failure_of_another_process_keeps_its_text(replica: Callable[[], Replica]) -> None:
    """A failure that another process reports has the same text for the client."""
    one, name = replica(), f"{{product:{LAMP.id}}}"
    locks = one.catalogue.products._locks
    token = locks.take(name)
    assert token is not None
    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(one.catalogue.look_at, LAMP.id)
        wait_until("the reader to wait for the lock", lambda: one.catalogue.products._flights.is_flying(LAMP.id))
        looked = threading.Event()
        look = locks._look
        locks._look = lambda name: (look(name), looked.set())[0]  # type: ignore[method-assign,func-returns-value]
        assert looked.wait(5)
        locks.release(name, token, "no primary")
        assert str(reader.exception(10)) == "no primary"


def test_readers_with_an_old_copy_do_not_wait_for_a_slow_load(
    replica: Callable[..., Replica], database: SlowCatalogue
) -> None:
    """While one thread of the process loads, the others get the old copy."""
    one = replica(0.05)
    cache = one.catalogue.products
    one.catalogue.look_at(LAMP.id)
    wait_until("the copy to expire", lambda: cache._shared([LAMP.id])[0].fresh_until < time.time())
    cache.forget_local(None)
    go, load = threading.Event(), cache._load

    def slow(*arguments: object) -> object:
        assert go.wait(10)
        return load(*arguments)  # type: ignore[arg-type]

    cache._load = slow  # type: ignore[method-assign,assignment]
    with ThreadPoolExecutor(READERS) as pool:
        leader = pool.submit(one.catalogue.look_at, LAMP.id)
        wait_until("the load to begin", lambda: cache._flights.is_flying(LAMP.id))
        others: list[Future[object]] = [pool.submit(one.catalogue.look_at, LAMP.id) for _ in range(READERS - 1)]
        assert all(reader.result(5).stale for reader in others)  # type: ignore[attr-defined]
        assert not leader.done()
        go.set()
        assert leader.result(10).stale is False
    assert database.asked == 2


def test_a_redis_that_goes_while_another_process_loads_does_not_hold_its_readers(
    replica: Callable[[], Replica], redis_server: tuple[str, Server]
) -> None:
    """If Redis fails while another process loads, the waiting readers load themselves."""
    one, name = replica(), f"{{product:{LAMP.id}}}"
    locks = one.catalogue.products._locks
    assert locks.take(name) is not None
    look = locks._look

    def gone(name: str) -> object:
        redis_server[1].kill()
        return look(name)

    locks._look = gone  # type: ignore[method-assign,assignment]
    assert one.catalogue.look_at(LAMP.id).product == LAMP
    with pytest.raises(redis.RedisError):
        locks.wait(name)
