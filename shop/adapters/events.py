"""Order events as metrics, log lines and span events."""

from __future__ import annotations

import logging
from datetime import datetime

from opentelemetry import trace
from prometheus_client import CollectorRegistry, Counter, Histogram

from shop.domain.order import Order, OrderStatus

_log = logging.getLogger("shop.orders")
FULFILMENT_BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
VALUE_BUCKETS = (10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 5000.0, 10_000.0)
_OUTCOMES = ("accepted", "confirmed", "failed", "cancelled")
_REASONS = ("out_of_stock", "payment_declined", "other")
_MAY_WAIT = (OrderStatus.PENDING, OrderStatus.RESERVED, OrderStatus.PAID, OrderStatus.CONFIRMED)
_FINAL = (OrderStatus.CONFIRMED, OrderStatus.FAILED, OrderStatus.CANCELLED)


class TelemetryEvents:
    """Implements ``ports.Events``."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._orders = Counter("shop_orders_total", "Orders, by outcome", ["outcome"], registry=registry)
        self._value = Histogram(
            "shop_order_value_euros",
            "Totals of orders, by outcome",
            ["outcome"],
            buckets=VALUE_BUCKETS,
            registry=registry,
        )
        self._postponed = Counter(
            "shop_orders_postponed_total",
            "Orders that had to wait for a dependency, by status (reserved: for payment; confirmed: for mail)",
            ["status"],
            registry=registry,
        )
        self._failed = Counter("shop_orders_failed_total", "Failed orders, by reason", ["reason"], registry=registry)
        self._steps = Counter(
            "shop_order_transitions_total", "Transitions of orders to a new state", ["status"], registry=registry
        )
        self._buried = Counter("shop_orders_dead_lettered_total", "Orders that became dead letters", registry=registry)
        self._retried = Counter("shop_dead_letters_retried_total", "Dead letters that were retried", registry=registry)
        self._mailed = Counter("shop_mails_sent_total", "Confirmation mails that were sent", registry=registry)
        self._time = Histogram(
            "shop_order_fulfilment_seconds",
            "Time from the acceptance of an order to its final state",
            ["outcome"],
            buckets=FULFILMENT_BUCKETS,
            registry=registry,
        )
        for status in OrderStatus:
            self._steps.labels(str(status))
        for status in _MAY_WAIT:
            self._postponed.labels(str(status))
        for reason in _REASONS:
            self._failed.labels(reason)
        for status in _FINAL:
            self._time.labels(str(status))
        for outcome in _OUTCOMES:
            self._orders.labels(outcome)
            self._value.labels(outcome)

    def accepted(self, order: Order) -> None:
        """Record that the order was accepted."""
        self._count("accepted", order)
        self._steps.labels(str(order.status)).inc()
        _log_order(logging.INFO, "order.accepted", order, "order accepted")

    def not_enqueued(self, order: Order) -> None:
        """Record that the queue did not accept the order; the sweeper will enqueue it."""
        _log_order(
            logging.WARNING,
            "order.not_enqueued",
            order,
            "the queue does not respond: the sweeper will enqueue the order",
        )

    def advanced(self, order: Order) -> None:
        """Record that the order reached a new state."""
        if order.status in _FINAL:
            self._count(str(order.status), order)
            self._time.labels(str(order.status)).observe((order.updated_at - order.created_at).total_seconds())
        self._steps.labels(str(order.status)).inc()
        if order.status is OrderStatus.FAILED:
            # The reason for OutOfStock contains the product after a colon, which would create a series for each
            # product.
            reason = (order.reason or "").partition(":")[0]
            self._failed.labels(reason if reason in _REASONS else "other").inc()
        extra = {"reason": order.reason} if order.reason else {}
        level = logging.WARNING if order.status is OrderStatus.FAILED else logging.INFO
        _log_order(level, f"order.{order.status}", order, f"order {order.status}", **extra)

    def waiting(self, order: Order, why: str, due_at: datetime) -> None:
        """Record that a dependency is down and the order waits."""
        self._postponed.labels(str(order.status)).inc()
        _log_order(logging.WARNING, "order.waiting", order, why, due_at=due_at.isoformat(), attempts=order.attempts)

    def buried(self, order: Order, why: str) -> None:
        """Record that the order became a dead letter."""
        self._buried.inc()
        _log_order(logging.ERROR, "order.dead_letter", order, f"order is a dead letter: {why}", reason=why)

    def revived(self, order: Order) -> None:
        """Record that a dead letter is retried."""
        self._retried.inc()
        _log_order(logging.INFO, "order.retried", order, "dead letter is retried")

    def mailed(self, order: Order) -> None:
        """Record that the confirmation was sent to the customer."""
        self._mailed.inc()
        _log_order(logging.INFO, "order.mailed", order, "confirmation sent")

    def _count(self, outcome: str, order: Order) -> None:
        self._orders.labels(outcome).inc()
        self._value.labels(outcome).observe(order.total_cents / 100)


def _log_order(level: int, event: str, order: Order, text: str, **fields: str | int) -> None:
    _log.log(level, text, extra={"event": event, "order_id": order.id, **fields})
    span = trace.get_current_span()
    span.set_attribute("shop.order.id", order.id)
    span.add_event(event, {"shop.order.id": order.id, **fields})
