"""Orders and stock on a real MongoDB."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from pymongo.errors import WriteError

from shop.bootstrap import Instruments, Shop, new_shop
from shop.config import Settings
from shop.domain.errors import NotFound, OutOfStock, StaleOrder
from shop.domain.order import Order, OrderStatus, new_order
from shop.domain.product import Product
from shop.ports import OrderFilter, Orders
from shop.seed import products
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
    """An order is read back with equal values in every field, to the millisecond."""
    order = an_order(orders, 2, key="k")
    assert orders.get(order.id) == order


def test_an_unknown_order_is_not_found(orders: Orders) -> None:
    """An unknown order raises ``NotFound``."""
    with pytest.raises(NotFound):
        orders.get("ord_none")


def test_one_key_is_one_order_under_concurrency(orders: Orders) -> None:
    """Twenty requests with one idempotency key at once get the same order."""
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda _: an_order(orders, key="same").id, range(20)))
    assert len(set(found)) == 1


def test_stock_never_falls_below_zero(orders: Orders, shop: Shop) -> None:
    """Of twenty simultaneous orders for ten pieces, ten reserve one and ten are rejected as out of stock."""
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
    """If a reservation fails, the order is still pending and the stock is unchanged."""
    order = an_order(orders, LAMP.stock + 1)
    with pytest.raises(OutOfStock):
        orders.reserve(order, utc_now())
    assert orders.get(order.id).status is OrderStatus.PENDING
    assert stock(shop) == LAMP.stock


def test_an_order_is_reserved_once(orders: Orders, shop: Shop) -> None:
    """A second worker that read the same pending order gets an error."""
    order = an_order(orders, 3)
    orders.reserve(order, utc_now())
    with pytest.raises(StaleOrder):
        orders.reserve(order, utc_now())
    assert stock(shop) == LAMP.stock - 3


def test_a_failed_order_returns_its_stock(orders: Orders, shop: Shop) -> None:
    """A failed order returns its stock, and no work is left."""
    reserved = orders.reserve(an_order(orders, 3), utc_now())
    failed = orders.fail(reserved, "payment_declined", utc_now())
    assert (failed.status, failed.reason) == (OrderStatus.FAILED, "payment_declined")
    assert stock(shop) == LAMP.stock
    assert orders.due(utc_now() + HOUR, 10) == []


def test_one_lease_at_a_time(orders: Orders) -> None:
    """Of many simultaneous claims of an order one succeeds; after the lease expires, it can be claimed again."""
    order, now = an_order(orders), utc_now()
    with ThreadPoolExecutor(10) as pool:
        claims = list(pool.map(lambda _: orders.claim(order.id, now, now + HOUR), range(10)))
    assert [claim.attempts for claim in claims if claim is not None] == [1]
    reclaimed = orders.claim(order.id, now + HOUR, now + 2 * HOUR)
    assert reclaimed is not None
    assert reclaimed.attempts == 2


def test_what_is_due_is_found_and_what_is_done_is_not(orders: Orders) -> None:
    """An order is due from its acceptance until its mail is sent, and not after that."""
    order, now = an_order(orders), utc_now()
    assert [one.id for one in orders.due(now, 10)] == [order.id]
    orders.postpone(order, now + HOUR, excused=True)
    assert orders.due(now, 10) == []
    order = orders.advance(order, (OrderStatus.RESERVED,), now)
    order = orders.advance(order, (OrderStatus.PAID, OrderStatus.CONFIRMED), now, "ch_1")
    assert [str(step.status) for step in order.history] == ["pending", "reserved", "paid", "confirmed"]
    assert (order.charge_id, orders.get(order.id)) == ("ch_1", order)
    with pytest.raises(StaleOrder):
        orders.advance(order, (OrderStatus.PAID, OrderStatus.CONFIRMED), now)
    assert orders.mark_notified(order, now).finished
    assert orders.due(now + 2 * HOUR, 10) == []
    assert orders.claim(order.id, now, now) is None


def test_seeding_twice_keeps_prices_and_stock(shop: Shop, orders: Orders) -> None:
    """A second seeding keeps prices and stock that have changed since the first."""
    shop.catalogue.add_missing([replace(LAMP, price_cents=1, stock=99)])
    assert shop.catalogue.get_many([LAMP.id])[LAMP.id] == LAMP
    assert shop.prepare() == 0


def test_pages_show_every_product_once(shop: Shop) -> None:
    """Pages that each start after the last id contain every one of several hundred products exactly once."""
    seen: list[str] = []
    while page := shop.catalogue.page(100, seen[-1] if seen else None):
        seen += [product.id for product in page]
    assert seen == sorted(set(seen))
    assert len(seen) >= 200


def test_a_list_is_filtered_and_paged(orders: Orders) -> None:
    """A list is filtered by customer, state and time, newest first, and contains each order once."""
    start = utc_now()
    mine = [
        orders.add(new_order({LAMP.id: 1}, {LAMP.id: LAMP}, start + timedelta(seconds=n), customer_id="acc_1"), start)
        for n in range(5)
    ]
    an_order(orders)
    first = orders.page(OrderFilter("acc_1"), 3, None)
    second = orders.page(OrderFilter("acc_1"), 3, first[-1].id)
    assert [order.id for order in first + second] == [order.id for order in reversed(mine)]
    span = OrderFilter("acc_1", None, mine[1].created_at, mine[3].created_at)
    assert [order.id for order in orders.page(span, 10, None)] == [mine[2].id, mine[1].id]
    orders.cancel(mine[0], utc_now())
    assert [order.id for order in orders.page(OrderFilter("acc_1", OrderStatus.CANCELLED), 10, None)] == [mine[0].id]


def test_no_worker_takes_a_cancelled_order(orders: Orders) -> None:
    """A cancelled order cannot be reserved, not even by a worker that read it before."""
    order = an_order(orders)
    orders.cancel(order, utc_now())
    with pytest.raises(StaleOrder):
        orders.reserve(order, utc_now())
    assert orders.claim(order.id, utc_now(), utc_now() + HOUR) is None


def test_dead_letters_rest_until_they_are_revived(orders: Orders) -> None:
    """Dead letters are listed with their reason and are not due; a retried one is due immediately without strikes."""
    order, now = an_order(orders), utc_now()
    orders.claim(order.id, now, now)
    assert orders.bury(order, "a defect", now).dead_letter is not None
    assert [one.id for one in orders.dead_letters(10, None)] == [order.id]
    assert orders.dead_letters(10, order.id) == []
    assert orders.due(now + HOUR, 10) == []
    assert orders.backlog(now).dead_letters == 1
    revived = orders.revive(order.id, now)
    assert (revived.dead_letter, revived.strikes) == (None, 0)
    assert [one.id for one in orders.due(now, 10)] == [order.id]
    with pytest.raises(NotFound):
        orders.revive(order.id, now)


def test_the_backlog_is_counted(orders: Orders) -> None:
    """The backlog is the number of orders with work left and the age of the oldest."""
    order = an_order(orders)
    backlog = orders.backlog(order.created_at + HOUR)
    assert (backlog.unfinished, backlog.oldest_seconds) == (1, 3600)


def test_the_database_itself_refuses_what_must_not_be(shop: Shop, settings: Settings) -> None:
    """Validators reject negative stock, unknown states, and passwords that are not argon2 hashes."""
    db = shop.mongo_client[settings.mongo_database]
    for collection, document in (
        (
            "products",
            {"name": "x", "category": "x", "description": "", "price_cents": 1, "stock": -1, "currency": "EUR"},
        ),
        ("orders", {"status": "lost"}),
        ("accounts", {"email": "a@b.cd", "role": "customer", "password_hash": "secret", "created_at": utc_now()}),
    ):
        with pytest.raises(WriteError):
            db[collection].insert_one(dict(document))
    shop.catalogue.add_missing([LAMP])
    with pytest.raises(WriteError):
        db["products"].update_one({"_id": LAMP.id}, {"$inc": {"stock": -LAMP.stock - 1}})


def test_views_and_changes_do_not_meet(shop: Shop) -> None:
    """A view does not change the version by which copies are compared."""
    shop.catalogue.add_missing([LAMP])
    shop.catalogue.add_views({LAMP.id: 3})
    changed = shop.catalogue.change(LAMP.id, price_cents=1)
    assert (changed.views, changed.version, changed.price_cents) == (3, 2, 1)


def test_search_finds_by_name_first(shop: Shop) -> None:
    """Search uses the text index and ranks the name first."""
    found = shop.catalogue.search("brass lamp", 5)
    assert "brass" in found[0].id
    assert "lamp" in found[0].id


def test_an_index_with_other_keys_is_rebuilt(shop: Shop, settings: Settings) -> None:
    """A database of an earlier version is updated at the start."""
    orders = shop.mongo_client[settings.mongo_database]["orders"]
    orders.drop_index("idempotency_key")
    orders.create_index("idempotency_key", name="idempotency_key", unique=True, sparse=True)
    shop.prepare()
    assert list(orders.index_information()["idempotency_key"]["key"]) == [("customer_id", 1), ("idempotency_key", 1)]


def test_replicas_that_start_together_prepare_one_database(settings: Settings, instruments: Instruments) -> None:
    """Eight simultaneous preparations of an empty database succeed, and it contains everything once."""
    shops = [new_shop(settings, instruments) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda shop: shop.prepare(), shops))
    assert sum(added) == len(list(products()))
    shops[0].mongo_client.drop_database(settings.mongo_database)
    for shop in shops:
        shop.stop()
