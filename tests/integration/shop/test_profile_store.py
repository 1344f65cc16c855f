"""Profiles in a real Redis."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator
from dataclasses import replace

import pytest
import redis

from app.profiling.store import MOST, SECONDS, NotKept, Profile, RedisProfiles
from tests.integration.conftest import Server

ONE = Profile("request-0", "2026-11-24T00:00:00.000+00:00", "GET", "/x", 200, 0.01, "api-1", "a tree ├─", "{}")


@pytest.fixture
def client(redis_server: tuple[str, Server]) -> Iterator[redis.Redis]:
    """Return the store of one replica."""
    with redis.Redis.from_url(redis_server[0]) as found:
        yield found


def test_what_one_replica_keeps_another_finds(client: redis.Redis, redis_server: tuple[str, Server]) -> None:
    """A profile stored by one replica is returned unchanged by another."""
    RedisProfiles(client).keep(ONE)
    with redis.Redis.from_url(redis_server[0]) as other:
        assert RedisProfiles(other).get("request-0") == ONE
    assert RedisProfiles(client).get("another") is None


def test_the_oldest_goes_first(client: redis.Redis) -> None:
    """The oldest profile is evicted, and no data of it remains."""
    store = RedisProfiles(client)
    for number in range(MOST + 3):
        store.keep(replace(ONE, request_id=f"request-{number}"))
    assert [one.request_id for one in store.newest()] == [f"request-{number}" for number in range(MOST + 2, 2, -1)]
    assert store.get("request-2") is None
    assert len(client.keys("*")) == MOST + 1


def test_each_goes_by_itself_after_a_while(client: redis.Redis) -> None:
    """Profiles expire without a clean-up."""
    RedisProfiles(client).keep(ONE)
    assert all(0 < client.ttl(key) <= SECONDS for key in client.keys("*"))


def test_the_same_request_twice_is_kept_once(client: redis.Redis) -> None:
    """If a request is profiled twice, the later profile is kept."""
    store = RedisProfiles(client)
    store.keep(ONE)
    store.keep(replace(ONE, status=500))
    assert [one.status for one in store.newest()] == [500]


def test_one_that_is_too_large_is_refused(client: redis.Redis) -> None:
    """A profile that is too large is rejected, because the memory is shared with the order queue."""
    chance = random.Random(1)
    noise = "".join(chance.choices(string.printable, k=1_000_000))
    with pytest.raises(NotKept, match="the limit is"):
        RedisProfiles(client).keep(replace(ONE, speedscope=noise))
    assert client.keys("*") == []


def test_a_redis_that_is_away_refuses() -> None:
    """If Redis is unavailable, storing raises ``NotKept``, which is not an error of the request."""
    with pytest.raises(NotKept, match="ConnectionError"):
        RedisProfiles(redis.Redis(port=1)).keep(ONE)
