"""How many accepted orders are final in time: what the objective order-freshness is measured by."""

from __future__ import annotations

from datetime import timedelta

from prometheus_client import CollectorRegistry, Counter

from shop.domain.order import Order
from shop.ports import OrderFilter, Orders
from shop.services import Clock, utc_now

PROMISE = timedelta(seconds=30)
PAGE = 500


class Freshness:
    """Checks each accepted order once, as soon as it is 30 s old: is it final, and was it so in time?

    A histogram of finished orders would be silent while none is finished, which is when it matters most. Orders that
    were placed more than 30 s before this process began are not checked.
    """

    def __init__(self, orders: Orders, registry: CollectorRegistry, clock: Clock = utc_now) -> None:
        self._orders, self._clock = orders, clock
        counter = Counter(
            "shop_order_freshness_checks_total",
            "Accepted orders, counted when they are 30 s old, by whether they were final by then",
            ["freshness"],
            registry=registry,
        )
        self._fresh, self._late = counter.labels("fresh"), counter.labels("late")
        self._since = clock() - PROMISE

    def check(self) -> None:
        """Count the orders that have become 30 s old since the last time. Raises ``DatabaseUnavailable``."""
        until = self._clock() - PROMISE
        if until <= self._since:
            return
        wanted = OrderFilter(created_from=self._since, created_before=until)
        fresh = late = 0
        after = None
        while page := self._orders.page(wanted, PAGE, after):
            good = sum(in_time(order) for order in page)
            fresh, late, after = fresh + good, late + len(page) - good, page[-1].id
        # Only now, so that what fails half-way is counted once, by the next look.
        self._since = until
        self._fresh.inc(fresh)
        self._late.inc(late)


def in_time(order: Order) -> bool:
    """Whether the order came to its final state within the promise."""
    return order.final and order.history[-1].at - order.created_at <= PROMISE
