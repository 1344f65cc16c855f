"""How many accepted orders are final in time: the measurement for the objective order-freshness."""

from __future__ import annotations

from datetime import timedelta

from prometheus_client import CollectorRegistry, Counter

from shop.domain.order import Order
from shop.ports import OrderFilter, Orders
from shop.services import Clock, utc_now

PROMISE = timedelta(seconds=30)
PAGE = 500


class Freshness:
    """Check each accepted order once, as soon as it is 30 s old: whether it is final, and became final in time.

    A histogram of finished orders would record nothing while no order finishes, which is when it matters most. Orders
    that were placed more than 30 s before the start of this process are not checked.
    """

    def __init__(self, orders: Orders, registry: CollectorRegistry, clock: Clock = utc_now) -> None:
        self._orders, self._clock = orders, clock
        counter = Counter(
            "shop_order_freshness_checks_total",
            "Accepted orders, counted at an age of 30 s, by whether they were final by then",
            ["freshness"],
            registry=registry,
        )
        self._fresh, self._late = counter.labels("fresh"), counter.labels("late")
        self._since = clock() - PROMISE

    def check(self) -> None:
        """Count the orders that have become 30 s old since the previous call. Raises ``DatabaseUnavailable``."""
        until = self._clock() - PROMISE
        if until <= self._since:
            return
        wanted = OrderFilter(created_from=self._since, created_before=until)
        fresh = late = 0
        after = None
        while page := self._orders.page(wanted, PAGE, after):
            good = sum(in_time(order) for order in page)
            fresh, late, after = fresh + good, late + len(page) - good, page[-1].id
        # Updated last, so that orders of a failed attempt are counted once, by the next call.
        self._since = until
        self._fresh.inc(fresh)
        self._late.inc(late)


def in_time(order: Order) -> bool:
    """Return whether the order reached its final state within the promised time."""
    return order.final and order.history[-1].at - order.created_at <= PROMISE
