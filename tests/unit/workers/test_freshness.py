"""Each accepted order is checked once, when it is 30 s old."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from prometheus_client import CollectorRegistry

from shop.domain.errors import DatabaseUnavailable
from shop.domain.order import Order, OrderStatus, new_order
from tests.unit.shop.fakes import LAMP, FakeCatalogue, FakeClock, FakeOrders
from workers.freshness import Freshness


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def orders() -> FakeOrders:
    return FakeOrders(FakeCatalogue({LAMP.id: LAMP}))


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def freshness(orders: FakeOrders, registry: CollectorRegistry, clock: FakeClock) -> Freshness:
    return Freshness(orders, registry, clock)


def placed(orders: FakeOrders, clock: FakeClock) -> Order:
    return orders.add(new_order({LAMP.id: 1}, {LAMP.id: LAMP}, clock()), due_at=clock())


def checked(registry: CollectorRegistry) -> tuple[float | None, float | None]:
    name = "shop_order_freshness_checks_total"
    fresh, late = (registry.get_sample_value(name, {"freshness": which}) for which in ("fresh", "late"))
    return fresh, late


@contextmanager
def down(orders: FakeOrders) -> Iterator[None]:
    orders.down = True
    yield
    orders.down = False


def test_both_kinds_start_at_zero(freshness: Freshness, registry: CollectorRegistry) -> None:
    """Both counters start at zero, so that the first late order is an increase."""
    assert checked(registry) == (0, 0)


def test_an_order_is_checked_once_when_it_is_30_s_old(
    freshness: Freshness, orders: FakeOrders, registry: CollectorRegistry, clock: FakeClock
) -> None:
    """An order is checked once, when it is 30 s old, and stays late even if it becomes final afterwards."""
    cancelled = placed(orders, clock)
    waiting = placed(orders, clock)
    clock.forward(seconds=5)
    orders.cancel(cancelled, clock())
    clock.forward(seconds=25)
    freshness.check()
    assert checked(registry) == (0, 0)
    clock.forward(seconds=1)
    freshness.check()
    assert checked(registry) == (1, 1)
    orders.cancel(waiting, clock())
    clock.forward(seconds=60)
    freshness.check()
    assert checked(registry) == (1, 1)


def test_who_was_final_only_after_30_s_is_late(
    freshness: Freshness, orders: FakeOrders, registry: CollectorRegistry, clock: FakeClock
) -> None:
    """An order that became final after more than 30 s is late, even if no check ran in time."""
    on_the_dot, too_late = placed(orders, clock), placed(orders, clock)
    clock.forward(seconds=30)
    orders.cancel(on_the_dot, clock())
    clock.forward(seconds=0.001)
    orders.cancel(too_late, clock())
    clock.forward(seconds=600)
    freshness.check()
    assert checked(registry) == (1, 1)


def test_confirmed_without_its_mail_is_final(
    freshness: Freshness, orders: FakeOrders, registry: CollectorRegistry, clock: FakeClock
) -> None:
    """A confirmed order without its mail is final; the alert EmailFailing covers the mail."""
    order = orders.reserve(placed(orders, clock), clock())
    for status in (OrderStatus.PAID, OrderStatus.CONFIRMED):
        order = orders.advance(order, (status,), clock())
    clock.forward(seconds=31)
    freshness.check()
    assert checked(registry) == (1, 0)


def test_after_an_outage_of_the_database_all_are_judged(
    freshness: Freshness, orders: FakeOrders, registry: CollectorRegistry, clock: FakeClock
) -> None:
    """After a database outage every order is checked exactly once, also if there is more than one page of them."""
    for _ in range(1_203):
        placed(orders, clock)
    clock.forward(seconds=40)
    with down(orders), pytest.raises(DatabaseUnavailable):
        freshness.check()
    assert checked(registry) == (0, 0)
    freshness.check()
    assert checked(registry) == (0, 1_203)
