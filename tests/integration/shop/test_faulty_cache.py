"""The faults cache-off and cache-stampede, on a real Redis."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from prometheus_client import CollectorRegistry

from shop.adapters.cache_entry import Loaded
from shop.adapters.cache_metrics import CacheMetrics
from shop.adapters.faulty import FaultyCache
from tests.integration.conftest import Server
from tests.unit.faults.conftest import Clock
from tests.unit.faults.fakes import FakeFaults

CALLERS = 8


class Database:
    """Count the calls; if given a number of calls to wait for, return all results together."""

    def __init__(self) -> None:
        self.asked, self._lock = 0, threading.Lock()
        self.together = threading.Barrier(1)

    def __call__(self) -> Loaded:
        with self._lock:
            self.asked += 1
        self.together.wait(10)
        return Loaded("lamp", 1, 60.0)


@pytest.fixture
def clock() -> Clock:
    return Clock(1_000_000.0)


@pytest.fixture
def faults() -> FakeFaults:
    return FakeFaults()


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def replica(redis_server: tuple[str, Server], faults: FakeFaults, clock: Clock) -> Callable[[], FaultyCache]:
    """Return one process's view of the cache."""

    def make() -> FaultyCache:
        client = redis.Redis.from_url(redis_server[0])
        return FaultyCache(faults, "thing", client, CacheMetrics(CollectorRegistry()), clock, lambda: 1.0)

    return make


def test_with_all_faults_off_it_is_a_cache(replica: Callable[[], FaultyCache], database: Database) -> None:
    """With all faults off, all processes cause one database query."""
    for cache in (replica(), replica()):
        assert cache.get("a", database).value == "lamp"
        assert cache.get_many(["a"], [database])[0].value == "lamp"
    assert database.asked == 1


def test_off_every_look_is_a_miss(replica: Callable[[], FaultyCache], faults: FakeFaults, database: Database) -> None:
    """With cache-off, single and multiple look-ups are misses; when the fault ends, existing entries are used."""
    cache = replica()
    cache.get("a", database)
    faults.switch("cache-off")
    for _ in range(3):
        assert cache.get("a", database).value == "lamp"
    cache.get_many(["a", "b"], [database, database])
    assert database.asked == 6
    faults.off("cache-off")
    cache.get("a", database)
    assert database.asked == 6


def test_everything_expires_at_the_same_moment_again_and_again(
    replica: Callable[[], FaultyCache], faults: FakeFaults, clock: Clock, database: Database
) -> None:
    """With cache-stampede, entries expire at once in all processes; between two expiries they are cached."""
    faults.switch("cache-stampede", milliseconds=2000)
    caches = [replica(), replica()]
    for stroke in range(1, 4):
        for cache in caches:
            cache.get("a", database)
            cache.get("a", database)
        assert database.asked == stroke
        clock.now += 2


def test_each_caller_loads_for_itself(
    replica: Callable[[], FaultyCache], faults: FakeFaults, clock: Clock, database: Database
) -> None:
    """With cache-stampede, all callers load at the same time: the database responds only after all queries."""
    cache = replica()
    cache.get("a", database)
    faults.switch("cache-stampede", milliseconds=2000)
    clock.now += 2
    database.together = threading.Barrier(CALLERS)
    with ThreadPoolExecutor(CALLERS) as pool:
        found = list(pool.map(lambda _: cache.get("a", database).value, range(CALLERS)))
    assert found == ["lamp"] * CALLERS
    assert database.asked == 1 + CALLERS
