"""Orders and stock on a real MongoDB."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from shop.bootstrap import Shop
from shop.domain.errors import NotFound, OutOfStock, StaleOrder
from shop.domain.order import Order, OrderStatus, new_order
from shop.domain.product import Product
from shop.ports import Orders
from shop.services import utc_now

LAMP = Product("test-lamp", "Test Lamp", "lighting", "A lamp.", 4_900, 10)
HOUR = timedelta(hours=1)


@pytest.fixture
def orders(shop: Shop) -> Orders:
    shop.catalogue.add_missing([LAMP])
    return shop.orders


def an_order(orders: Orders, quantity: int = 1, key: str | None = None) -> Order:
    now = utc_now()
    return orders.add(new_order({LAMP.id: quantity}, {LAMP.id: LAMP}, now, key), due_at=now)


def stock(shop: Shop) -> int:
    return shop.catalogue.get_many([LAMP.id])[LAMP.id].stock


def test_an_order_reads_back_as_it_was_written(orders: Orders) -> None:
    """Every field, to the millisecond."""
    order = an_order(orders, 2, key="k")
    assert orders.get(order.id) == order


def test_an_unknown_order_is_not_found(orders: Orders) -> None:
    """Not None, not an empty order."""
    with pytest.raises(NotFound):
        orders.get("ord_none")


def test_one_key_is_one_order_under_concurrency(orders: Orders) -> None:
    """Twenty requests with one idempotency key at once get the same order."""
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda _: an_order(orders, key="same").id, range(20)))
    assert len(set(found)) == 1


def test_stock_never_falls_below_zero(orders: Orders, shop: Shop) -> None:
    """Twenty orders for ten pieces at once: ten get one, ten are told that none is left."""
    placed = [an_order(orders) for _ in range(20)]

    def reserve(order: Order) -> bool:
        try:
            orders.reserve(order, utc_now())
        except OutOfStock:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(reserve, placed))
    assert sum(taken) == LAMP.stock
    assert stock(shop) == 0


def test_a_reservation_that_fails_leaves_no_trace(orders: Orders, shop: Shop) -> None:
    """The order is still pending and no piece is gone: both or none."""
    order = an_order(orders, LAMP.stock + 1)
    with pytest.raises(OutOfStock):
        orders.reserve(order, utc_now())
    assert orders.get(order.id).status is OrderStatus.PENDING
    assert stock(shop) == LAMP.stock


def test_an_order_is_reserved_once(orders: Orders, shop: Shop) -> None:
    """A second worker that read the same pending order comes too late."""
    order = an_order(orders, 3)
    orders.reserve(order, utc_now())
    with pytest.raises(StaleOrder):
        orders.reserve(order, utc_now())
    assert stock(shop) == LAMP.stock - 3


def test_a_failed_order_returns_its_stock(orders: Orders, shop: Shop) -> None:
    """And nothing is left to do on it."""
    reserved = orders.reserve(an_order(orders, 3), utc_now())
    failed = orders.fail(reserved, "payment_declined", utc_now())
    assert (failed.status, failed.reason) == (OrderStatus.FAILED, "payment_declined")
    assert stock(shop) == LAMP.stock
    assert orders.due(utc_now() + HOUR, 10) == []


def test_one_lease_at_a_time(orders: Orders) -> None:
    """Claimed at once by many, an order goes to one; after the lease it can be claimed again."""
    order, now = an_order(orders), utc_now()
    with ThreadPoolExecutor(10) as pool:
        claims = list(pool.map(lambda _: orders.claim(order.id, now, now + HOUR), range(10)))
    assert [claim.attempts for claim in claims if claim is not None] == [1]
    again = orders.claim(order.id, now + HOUR, now + 2 * HOUR)
    assert again is not None
    assert again.attempts == 2


def test_what_is_due_is_found_and_what_is_done_is_not(orders: Orders) -> None:
    """From pending to told, an order is due; then never again."""
    order, now = an_order(orders), utc_now()
    assert [one.id for one in orders.due(now, 10)] == [order.id]
    orders.postpone(order, now + HOUR)
    assert orders.due(now, 10) == []
    for status in (OrderStatus.RESERVED, OrderStatus.PAID, OrderStatus.CONFIRMED):
        order = orders.advance(order, status, now)
    assert orders.mark_told(order, now).finished
    assert orders.due(now + 2 * HOUR, 10) == []
    assert orders.claim(order.id, now, now) is None


def test_seeding_twice_keeps_prices_and_stock(shop: Shop, orders: Orders) -> None:
    """A restart does not undo what was sold or repriced since."""
    shop.catalogue.add_missing([replace(LAMP, price_cents=1, stock=99)])
    assert shop.catalogue.get_many([LAMP.id])[LAMP.id] == LAMP
    assert shop.prepare() == 0


def test_pages_show_every_product_once(shop: Shop) -> None:
    """Following the last id, a few hundred products, none twice, none left out."""
    seen: list[str] = []
    while page := shop.catalogue.page(100, seen[-1] if seen else None):
        seen += [product.id for product in page]
    assert seen == sorted(set(seen))
    assert len(seen) >= 200
