"""The contract of ``ports.Orders``: placing, lists, states, stock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from shop.domain.errors import DatabaseUnavailable, NotFound, OutOfStock, StaleOrder
from shop.domain.order import Order, OrderStatus, Step
from shop.ports import Catalogue, OrderFilter, Orders
from tests.contracts.samples import HOUR, LAMP, NOW, SECOND, an_order

CALLS: dict[str, Callable[[Orders, Order], object]] = {
    "add": lambda orders, order: orders.add(order, NOW),
    "get": lambda orders, order: orders.get(order.id),
    "page": lambda orders, _: orders.page(OrderFilter(), 5, None),
    "claim": lambda orders, order: orders.claim(order.id, NOW, NOW + HOUR),
    "reserve": lambda orders, order: orders.reserve(order, NOW),
    "advance": lambda orders, order: orders.advance(order, (OrderStatus.RESERVED,), NOW),
    "fail": lambda orders, order: orders.fail(order, "why", NOW),
    "cancel": lambda orders, order: orders.cancel(order, NOW),
    "mark_notified": lambda orders, order: orders.mark_notified(order, NOW),
    "postpone": lambda orders, order: orders.postpone(order, NOW, excused=True),
    "bury": lambda orders, order: orders.bury(order, "why", NOW),
    "revive": lambda orders, order: orders.revive(order.id, NOW),
    "dead_letters": lambda orders, _: orders.dead_letters(5, None),
    "due": lambda orders, _: orders.due(NOW, 5),
    "backlog": lambda orders, _: orders.backlog(NOW),
}


class OrdersContract:
    """Tests of ``ports.Orders``: placing, lists, states, stock.

    Requires the fixtures ``orders``, empty, ``catalogue``, which contains ``PRODUCTS`` and their stock, and
    ``orders_down``.
    """

    def test_an_order_reads_back_as_it_was_written(self, orders: Orders) -> None:
        """An order that was stored is read back with equal values in every field."""
        order = an_order(quantity=2, key="key", customer="acc_1")
        assert orders.add(order, NOW) == order
        assert orders.get(order.id) == order

    def test_an_unknown_order_is_not_found(self, orders: Orders) -> None:
        """An unknown order is not found, cannot be leased, and counts as stale for a reservation or cancellation."""
        gone = an_order()
        for call in (
            lambda: orders.get(gone.id),
            lambda: orders.mark_notified(gone, NOW),
            lambda: orders.bury(gone, "why", NOW),
            lambda: orders.revive(gone.id, NOW),
        ):
            with pytest.raises(NotFound):
                call()
        for step in (orders.reserve, orders.cancel):
            with pytest.raises(StaleOrder):
                step(gone, NOW)
        assert orders.claim(gone.id, NOW, NOW + HOUR) is None
        orders.postpone(gone, NOW, excused=False)
        assert orders.due(NOW + HOUR, 5) == []

    @pytest.mark.parametrize("customer", [None, "acc_1"])
    def test_one_key_is_one_order_of_a_customer(self, orders: Orders, customer: str | None) -> None:
        """A key identifies one order of a customer; all guests share their keys; orders without a key are distinct."""
        first = orders.add(an_order(key="key", customer=customer), NOW)
        assert orders.add(an_order(quantity=3, key="key", customer=customer), NOW) == first
        assert orders.add(an_order(key="key", customer="acc_2"), NOW).id != first.id
        assert orders.add(an_order(customer=customer), NOW).id != orders.add(an_order(customer=customer), NOW).id

    def test_an_order_that_is_added_again_is_the_first(self, orders: Orders) -> None:
        """An order that is added again after a lost response is returned with all its changes since then."""
        order = orders.add(an_order(), NOW)
        reserved = orders.reserve(order, NOW)
        assert orders.add(order, NOW) == reserved

    def test_lists_are_the_newest_first(self, orders: Orders) -> None:
        """Lists contain the orders that match all filters, newest first; pages start after an id."""
        first, second, third = (
            orders.add(an_order(NOW + number * SECOND, customer=customer), NOW)
            for number, customer in enumerate(["acc_1", "acc_2", "acc_1"])
        )
        third = orders.cancel(third, NOW)
        assert orders.page(OrderFilter(), 5, None) == [third, second, first]
        assert orders.page(OrderFilter(), 1, third.id) == [second]
        assert orders.page(OrderFilter(customer_id="acc_1"), 5, None) == [third, first]
        assert orders.page(OrderFilter(customer_id="acc_1", status=OrderStatus.PENDING), 5, None) == [first]
        assert orders.page(OrderFilter(created_from=NOW + SECOND), 5, None) == [third, second]
        assert orders.page(OrderFilter(created_before=NOW + SECOND), 5, None) == [first]
        assert orders.page(OrderFilter(created_before=NOW + 2 * SECOND), 5, second.id) == [first]

    def test_a_reservation_takes_the_stock(self, orders: Orders, catalogue: Catalogue) -> None:
        """A reservation takes the stock and adds a step to the order's history."""
        order = orders.add(an_order(quantity=3), NOW)
        reserved = orders.reserve(order, NOW + SECOND)
        assert reserved == orders.get(order.id)
        assert reserved.history == (*order.history, Step(OrderStatus.RESERVED, NOW + SECOND))
        assert (reserved.status, reserved.updated_at) == (OrderStatus.RESERVED, NOW + SECOND)
        assert catalogue.get(LAMP.id).stock == LAMP.stock - 3

    def test_a_reservation_is_made_whole_or_not_at_all(self, orders: Orders, catalogue: Catalogue) -> None:
        """If stock is short, a product is unknown or the order has advanced, a reservation changes nothing."""
        too_many = orders.add(an_order(quantity=LAMP.stock + 1), NOW)
        unknown = orders.add(an_order(product=replace(LAMP, id="gone")), NOW)
        for order in (too_many, unknown):
            with pytest.raises(OutOfStock):
                orders.reserve(order, NOW)
            assert orders.get(order.id) == order
        orders.cancel(too_many, NOW)
        with pytest.raises(StaleOrder):
            orders.reserve(too_many, NOW)
        assert catalogue.get(LAMP.id).stock == LAMP.stock

    def test_steps_are_made_together_or_not_at_all(self, orders: Orders) -> None:
        """Several steps are recorded together with the charge, which later steps keep, or not at all."""
        order = orders.reserve(orders.add(an_order(), NOW), NOW)
        paid = orders.advance(order, (OrderStatus.PAID,), NOW, "ch_1")
        confirmed = orders.advance(paid, (OrderStatus.CONFIRMED,), NOW)
        assert (confirmed.status, confirmed.charge_id) == (OrderStatus.CONFIRMED, "ch_1")
        reserved = orders.reserve(orders.add(an_order(), NOW), NOW)
        both = orders.advance(reserved, (OrderStatus.PAID, OrderStatus.CONFIRMED), NOW)
        assert [step.status for step in both.history[-2:]] == [OrderStatus.PAID, OrderStatus.CONFIRMED]
        for stale, to in ((order, (OrderStatus.PAID,)), (both, (OrderStatus.PENDING,)), (paid, ("failed",))):
            with pytest.raises(StaleOrder):
                orders.advance(stale, [OrderStatus(one) for one in to], NOW)
        assert orders.get(order.id) == confirmed

    def test_a_failure_gives_the_stock_back(self, orders: Orders, catalogue: Catalogue) -> None:
        """A failed order returns exactly its reserved stock, and no work is left."""
        pending = orders.add(an_order(quantity=2), NOW)
        reserved = orders.reserve(orders.add(an_order(quantity=3), NOW), NOW)
        for order in (pending, reserved):
            failed = orders.fail(order, "why", NOW)
            assert (failed.status, failed.reason) == (OrderStatus.FAILED, "why")
            assert orders.get(order.id) == failed
            with pytest.raises(StaleOrder):
                orders.fail(order, "again", NOW)
        assert catalogue.get(LAMP.id).stock == LAMP.stock
        assert orders.due(NOW + HOUR, 5) == []

    def test_only_what_is_pending_is_cancelled(self, orders: Orders) -> None:
        """Only a pending order can be cancelled; no work is left after that."""
        order = orders.add(an_order(), NOW)
        assert orders.cancel(order, NOW).status is OrderStatus.CANCELLED
        reserved = orders.reserve(orders.add(an_order(), NOW), NOW)
        for stale in (order, reserved):
            with pytest.raises(StaleOrder):
                orders.cancel(stale, NOW)
        assert [one.id for one in orders.due(NOW, 5)] == [reserved.id]

    @pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
    def test_down_it_says_so(self, orders_down: Orders, call: Callable[[Orders, Order], object]) -> None:
        """Every method raises ``DatabaseUnavailable`` while the database is down."""
        with pytest.raises(DatabaseUnavailable):
            call(orders_down, an_order())
