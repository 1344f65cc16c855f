"""The shop without Redis, without a database, and after both have recovered."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry

from glasshouse_observability import Telemetry
from shop.bootstrap import Instruments, Shop, new_shop
from shop.config import Settings
from shop.domain.errors import DatabaseUnavailable
from tests.integration.conftest import Server
from tests.ports import free_port
from tests.waiting import wait_until

PRODUCT = "brass-desk-lamp"


def cache_count(registry: CollectorRegistry, result: str) -> float | None:
    return registry.get_sample_value("cache_requests_total", {"cache": "product", "result": result})


def test_a_product_is_read_once_and_then_comes_from_the_cache(shop: Shop, telemetry: Telemetry) -> None:
    """The first read of a product is a miss, and later reads are hits with the same product."""
    first = shop.catalogue.get(PRODUCT)
    assert [shop.catalogue.get(PRODUCT) for _ in range(3)] == [first] * 3
    assert (cache_count(telemetry.registry, "miss"), cache_count(telemetry.registry, "local_hit")) == (0, 3)
    assert cache_count(telemetry.registry, "error") == 0


def test_without_redis_products_are_read_and_orders_promised(
    shop: Shop, telemetry: Telemetry, redis_server: tuple[str, Server]
) -> None:
    """Without Redis, reads are slower but correct; the sweeper enqueues the order when Redis is back."""
    redis_server[1].kill()
    assert shop.catalogue.get(PRODUCT).id == PRODUCT
    assert (cache_count(telemetry.registry, "error") or 0) > 0
    order = shop.place_order([(PRODUCT, 1)])
    assert shop.orders.get(order.id) == order
    redis_server[1].start()
    shop.orders.postpone(order, order.created_at, excused=True)
    wait_until("the sweeper to enqueue the order", lambda: shop.sweep_orders() == 1)
    assert shop.queue.job_ids == [f"order-{order.id}"]


def test_an_order_stands_in_the_queue_once(shop: Shop) -> None:
    """An order is enqueued once, however often the sweeper finds it."""
    order = shop.place_order([(PRODUCT, 1)])
    shop.orders.postpone(order, order.created_at, excused=True)
    shop.sweep_orders()
    shop.sweep_orders()
    assert shop.queue.job_ids == [f"order-{order.id}"]


def test_a_job_that_was_taken_and_never_begun_is_enqueued_again(shop: Shop) -> None:
    """A worker killed between taking and starting a job leaves it "queued" in no list; it is enqueued again."""
    order = shop.place_order([(PRODUCT, 1)])
    shop.orders.postpone(order, order.created_at, excused=True)
    shop.redis_client.lrem(shop.queue.key, 1, f"order-{order.id}")
    assert shop.queue.fetch_job(f"order-{order.id}").get_status() == "queued"
    assert shop.sweep_orders() == 1
    assert shop.queue.job_ids == [f"order-{order.id}"]
    assert shop.sweep_orders() == 0


def test_without_a_database_the_answer_is_prompt(settings: Settings, instruments: Instruments) -> None:
    """Every use case raises "unavailable" well within five seconds."""
    dead = replace(settings, mongo_url=f"mongodb://127.0.0.1:{free_port()}/?directConnection=true")
    shop = new_shop(dead, instruments)
    try:
        for call in (
            lambda: shop.catalogue.page(1, None),
            lambda: shop.place_order([(PRODUCT, 1)]),
            lambda: shop.orders.get("ord_1"),
        ):
            started = time.monotonic()
            with pytest.raises(DatabaseUnavailable):
                call()
            assert time.monotonic() - started < 5
    finally:
        shop.stop()
