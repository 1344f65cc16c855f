"""The two-level cache on a real Redis, with catalogues that act as several processes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from shop.domain.errors import DatabaseUnavailable, NotFound
from tests.integration.conftest import Server
from tests.integration.shop.caches import Replica, SlowCatalogue
from tests.unit.shop.fakes import LAMP
from tests.waiting import wait_until


def test_two_hundred_readers_of_a_cold_product_are_one_query(
    replica: Callable[[], Replica], database: SlowCatalogue
) -> None:
    """A hundred threads in each of two replicas cause one query for a missing product, and all get the product."""
    database.seconds = 0.2
    replicas = [replica(), replica()]
    with ThreadPoolExecutor(200) as pool:
        seen = list(pool.map(lambda number: replicas[number % 2].catalogue.look_at(LAMP.id), range(200)))
    assert {one.product for one in seen} == {LAMP}
    assert database.asked == 1


def test_two_hundred_readers_of_an_expired_product_are_one_query(
    replica: Callable[..., Replica], database: SlowCatalogue
) -> None:
    """While one thread renews an expired product, all others get the old copy immediately."""
    first = replica(0.05)
    first.catalogue.look_at(LAMP.id)
    wait_until("the copy to expire", lambda: first.catalogue.products._shared([LAMP.id])[0].fresh_until < time.time())
    database.seconds = 0.3
    replicas = [replica(), replica()]
    with ThreadPoolExecutor(200) as pool:
        seen = list(pool.map(lambda number: replicas[number % 2].catalogue.look_at(LAMP.id), range(200)))
    assert {one.product for one in seen} == {LAMP}
    assert database.asked == 2
    assert sum(one.count("stale") for one in replicas) > 0


def test_both_levels_answer(replica: Callable[[], Replica], database: SlowCatalogue) -> None:
    """The first read is a miss, the next hits the process's copy, and another process hits Redis."""
    here, there = replica(), replica()
    for one in (here, here, there, there):
        one.catalogue.look_at(LAMP.id)
    assert (here.count("miss"), here.count("local_hit")) == (1, 1)
    assert (there.count("miss"), there.count("hit"), there.count("local_hit")) == (0, 1, 1)
    assert database.asked == 1


def test_a_price_change_is_seen_by_every_replica(replica: Callable[[], Replica]) -> None:
    """A price change is written to Redis and announced to every process, long before any copy expires."""
    here, there = replica(), replica()
    there.catalogue.invalidations.start()
    there.catalogue.look_at(LAMP.id)
    heard = threading.Event()
    forget = there.catalogue.products.forget_local
    there.catalogue.products.forget_local = lambda key: (forget(key), heard.set())[0]  # type: ignore[method-assign,func-returns-value]
    wait_until(
        "the replica to be listening", lambda: here.catalogue._client.pubsub_numsub("cache:invalidate")[0][1] == 1
    )
    here.catalogue.change(LAMP.id, price_cents=1)
    assert heard.wait(2)
    assert there.catalogue.look_at(LAMP.id).product.price_cents == 1
    assert here.catalogue.look_at(LAMP.id).product.price_cents == 1


def test_a_slow_reader_does_not_undo_a_newer_write(replica: Callable[[], Replica]) -> None:
    """A reader that read the old price before the change must not store it afterwards."""
    one = replica()
    newer = one.catalogue.change(LAMP.id, price_cents=1)
    one.catalogue.products.put(LAMP.id, one.catalogue._loaded(LAMP))
    assert replica().catalogue.look_at(LAMP.id).product == newer


def test_what_does_not_exist_is_remembered_for_a_while(replica: Callable[[], Replica], database: SlowCatalogue) -> None:
    """That a product does not exist is cached; a product that is added is seen immediately."""
    one, other = replica(), replica()
    for who in (one, one, other):
        with pytest.raises(NotFound):
            who.catalogue.look_at("no-such-thing")
    assert database.asked == 1
    assert other.count("negative_hit") == 1
    one.catalogue.add(replace(LAMP, id="no-such-thing"))
    assert replica().catalogue.look_at("no-such-thing").product.id == "no-such-thing"


def test_while_the_database_is_down_old_copies_are_served_and_say_so(
    replica: Callable[..., Replica], database: SlowCatalogue
) -> None:
    """Old copies are marked stale and have their age; products without a copy are unavailable."""
    first = replica(0.05)
    first.catalogue.look_at(LAMP.id)
    wait_until("the copy to expire", lambda: first.catalogue.products._shared([LAMP.id])[0].fresh_until < time.time())
    database.down = True
    one = replica()
    seen = one.catalogue.look_at(LAMP.id)
    assert seen.product == LAMP
    assert seen.stale
    assert seen.age > 0
    with pytest.raises(DatabaseUnavailable):
        one.catalogue.look_at("blue-mug")


def test_without_redis_each_process_has_its_own_cache(
    replica: Callable[[], Replica], database: SlowCatalogue, redis_server: tuple[str, Server]
) -> None:
    """Without Redis there is one query per process, not one per request."""
    redis_server[1].kill()
    one = replica()
    database.seconds = 0.1
    with ThreadPoolExecutor(20) as pool:
        assert {seen.product for seen in pool.map(lambda _: one.catalogue.look_at(LAMP.id), range(20))} == {LAMP}
    assert database.asked == 1
    assert one.count("error") > 0


def test_the_front_page_is_one_round_trip(replica: Callable[[], Replica]) -> None:
    """The front page reads several entries with one MGET."""
    replica().catalogue.home()
    one = replica()
    calls: list[int] = []
    mget = one.catalogue._client.mget
    one.catalogue._client.mget = lambda keys: (calls.append(len(keys)), mget(keys))[1]  # type: ignore[method-assign,func-returns-value]
    shown = one.catalogue.home()
    assert calls == [2]
    assert shown.first_page
    assert one.count("hit", "home") == 2


def test_best_sellers_are_warm_before_anybody_asks(replica: Callable[[], Replica], database: SlowCatalogue) -> None:
    """The first reader after a start finds the best sellers in Redis."""
    replica().catalogue.warm_up()
    one = replica()
    one.catalogue.look_at(LAMP.id)
    assert (database.asked, one.count("hit")) == (0, 1)


def test_views_are_written_behind(replica: Callable[[], Replica], database: SlowCatalogue) -> None:
    """Many views cause one write; no view is lost while the database is down."""
    one = replica()
    for _ in range(5):
        one.catalogue.look_at(LAMP.id)
    assert database.products[LAMP.id].views == 0
    one.catalogue.views.flush()
    assert database.products[LAMP.id].views == 5


def test_popular_products_are_kept_longer(replica: Callable[[], Replica]) -> None:
    """Popular products are cached up to four times as long."""
    one = replica().catalogue
    seconds = [one._loaded(replace(LAMP, views=views)).seconds for views in (0, 99, 10**9)]
    assert seconds == [60.0, 180.0, 240.0]


def test_keys_are_ready_for_a_cluster(replica: Callable[[], Replica]) -> None:
    """Each key is its own hash tag, so that keys are distributed over a cluster's slots."""
    one = replica().catalogue
    one.look_at(LAMP.id)
    assert [key.decode() for key in one._client.keys("*")] == ["{product:brass-lamp}"]
