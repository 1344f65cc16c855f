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
    """One replica's."""
    with redis.Redis.from_url(redis_server[0]) as found:
        yield found


def test_what_one_replica_keeps_another_finds(client: redis.Redis, redis_server: tuple[str, Server]) -> None:
    """Whole."""
    RedisProfiles(client).keep(ONE)
    with redis.Redis.from_url(redis_server[0]) as other:
        assert RedisProfiles(other).get("request-0") == ONE
    assert RedisProfiles(client).get("another") is None


def test_the_oldest_goes_first(client: redis.Redis) -> None:
    """And nothing of it is left behind."""
    store = RedisProfiles(client)
    for number in range(MOST + 3):
        store.keep(replace(ONE, request_id=f"request-{number}"))
    assert [one.request_id for one in store.newest()] == [f"request-{number}" for number in range(MOST + 2, 2, -1)]
    assert store.get("request-2") is None
    assert len(client.keys("*")) == MOST + 1


def test_each_goes_by_itself_after_a_while(client: redis.Redis) -> None:
    """No clean-up is necessary."""
    RedisProfiles(client).keep(ONE)
    assert all(0 < client.ttl(key) <= SECONDS for key in client.keys("*"))


def test_the_same_request_twice_is_kept_once(client: redis.Redis) -> None:
    """The later one."""
    store = RedisProfiles(client)
    store.keep(ONE)
    store.keep(replace(ONE, status=500))
    assert [one.status for one in store.newest()] == [500]


def test_one_that_is_too_large_is_refused(client: redis.Redis) -> None:
    """The memory is the order queue's."""
    chance = random.Random(1)
    noise = "".join(chance.choices(string.printable, k=1_000_000))
    with pytest.raises(NotKept, match="are the most"):
        RedisProfiles(client).keep(replace(ONE, speedscope=noise))
    assert client.keys("*") == []


def test_a_redis_that_is_away_refuses() -> None:
    """As an answer, not as an error of the request."""
    with pytest.raises(NotKept, match="ConnectionError"):
        RedisProfiles(redis.Redis(port=1)).keep(ONE)
