"""The use cases of the shop, in terms of its domain and ports."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from shop.domain.errors import (
    IdempotencyKeyReused,
    OutOfStock,
    PaymentDeclined,
    PaymentUnavailable,
    QueueUnavailable,
    StaleOrder,
    Unavailable,
    UnknownProduct,
    WrongState,
)
from shop.domain.order import Order, OrderStatus, Origin, merged, new_order
from shop.domain.retry import GRACE, LEASE, MAX_STRIKES, backoff
from shop.ports import Accounts, Catalogue, Events, Mailer, OrderQueue, Orders, Payments

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the time in UTC, in the milliseconds that MongoDB stores, so that a value is equal when read back."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


class PlaceOrder:
    """Accept an order: store it, then notify the workers."""

    def __init__(
        self, catalogue: Catalogue, orders: Orders, queue: OrderQueue, events: Events, clock: Clock = utc_now
    ) -> None:
        self._catalogue, self._orders, self._queue = catalogue, orders, queue
        self._events, self._clock = events, clock

    def __call__(
        self,
        items: Iterable[tuple[str, int]],
        idempotency_key: str | None = None,
        origin: Origin | None = None,
        customer_id: str | None = None,
    ) -> Order:
        """Place an order of ``(product id, quantity)`` items; return it pending, or the first order with the same key.

        Raises:
            InvalidOrder: the items are not valid; UnknownProduct: a product does not exist. IdempotencyKeyReused: the
            key belongs to an order of other items. DatabaseUnavailable: the order was not accepted.
        """
        quantities = merged(items)
        products = self._catalogue.get_many(quantities)
        for product_id in quantities:
            if product_id not in products:
                raise UnknownProduct(product_id)
        now = self._clock()
        order = new_order(quantities, products, now, idempotency_key, origin, customer_id)
        stored = self._orders.add(order, due_at=now + GRACE)
        if stored.id != order.id:
            if stored.fingerprint != order.fingerprint:
                raise IdempotencyKeyReused
            return stored
        self._events.accepted(stored)
        try:
            self._queue.enqueue(stored)
        except QueueUnavailable:
            # The write above accepts the order; the sweeper enqueues orders that the queue did not accept.
            self._events.not_enqueued(stored)
        return stored


class CancelOrder:
    """Cancel an order that no worker has processed yet."""

    def __init__(self, orders: Orders, events: Events, clock: Clock = utc_now) -> None:
        self._orders, self._events, self._clock = orders, events, clock

    def __call__(self, order: Order) -> Order:
        """Return the cancelled order; cancelling twice does no harm. Raises ``WrongState`` if it is too late."""
        if order.status is OrderStatus.CANCELLED:
            return order
        try:
            cancelled = self._orders.cancel(order, self._clock())
        except StaleOrder as error:
            raise WrongState("Only a pending order can be cancelled; this one is already being fulfilled.") from error
        self._events.advanced(cancelled)
        return cancelled


class FulfilOrder:
    """Process an order up to its final state. Each step is safe to repeat, so it may be called any number of times."""

    def __init__(
        self,
        orders: Orders,
        accounts: Accounts,
        payments: Payments,
        mailer: Mailer,
        events: Events,
        clock: Clock = utc_now,
    ) -> None:
        self._orders, self._accounts, self._payments, self._mailer = orders, accounts, payments, mailer
        self._events, self._clock = events, clock

    def __call__(self, order_id: str) -> Order | None:
        """Process the order as far as possible now; ``None`` if it is finished, unknown or leased by another worker.

        A fulfilment that dies (its process is killed, or a defect occurs) costs the order a strike; ``MAX_STRIKES`` in
        a row make it a dead letter. A dependency that is down costs none: the order waits until it is available.

        Raises:
            DatabaseUnavailable: the order stays as it is; its lease expires and the sweeper finds it. Exception: a
            defect, after the lease was released.
        """
        now = self._clock()
        order = self._orders.claim(order_id, now, now + LEASE)
        if order is None:
            return None
        if order.strikes > MAX_STRIKES:
            return self._bury(order, f"its worker died {MAX_STRIKES} times in a row")
        try:
            return self._carry_out(order)
        except StaleOrder:
            # The lease has expired and another worker has continued, or the customer has cancelled: this worker must
            # not continue.
            return None
        except Unavailable:
            raise
        except Exception as error:
            if order.strikes >= MAX_STRIKES:
                self._bury(order, f"{type(error).__name__} {MAX_STRIKES} times in a row")
            else:
                self._orders.postpone(order, self._clock() + backoff(order.strikes), excused=False)
            raise

    def _carry_out(self, order: Order) -> Order:
        try:
            if order.status is OrderStatus.PENDING:
                order = self._note(self._orders.reserve(order, self._clock()))
            if order.status is OrderStatus.RESERVED:
                charge_id = self._payments.charge(order)
                # One write, because nothing between the two states can fail separately.
                order = self._advance(order, OrderStatus.PAID, OrderStatus.CONFIRMED, charge_id=charge_id)
            if order.status is OrderStatus.PAID:
                # Left in this state by an earlier version, which wrote twice.
                order = self._advance(order, OrderStatus.CONFIRMED)
            if order.status is OrderStatus.CONFIRMED and order.email_sent_at is None:
                self._mailer.confirm(order, self._address(order))
                order = self._orders.mark_notified(order, self._clock())
                self._events.mailed(order)
        except OutOfStock as error:
            return self._note(self._orders.fail(order, f"out_of_stock:{error.product_id}", self._clock()))
        except PaymentDeclined:
            return self._note(self._orders.fail(order, "payment_declined", self._clock()))
        except Unavailable as error:
            refusing = timedelta(seconds=error.retry_after if isinstance(error, PaymentUnavailable) else 0.0)
            due_at = self._clock() + max(refusing, backoff(order.attempts))
            self._orders.postpone(order, due_at, excused=True)
            self._events.waiting(order, str(error), due_at)
        return order

    def _address(self, order: Order) -> str | None:
        return self._accounts.get(order.customer_id).email if order.customer_id else None

    def _bury(self, order: Order, why: str) -> Order:
        buried = self._orders.bury(order, why, self._clock())
        self._events.buried(buried, why)
        return buried

    def _advance(self, order: Order, *to: OrderStatus, charge_id: str | None = None) -> Order:
        advanced = self._orders.advance(order, to, self._clock(), charge_id)
        for passed in to[:-1]:
            self._events.advanced(replace(advanced, status=passed))
        return self._note(advanced)

    def _note(self, order: Order) -> Order:
        self._events.advanced(order)
        return order


class RetryDeadLetter:
    """Retry a dead letter after its cause was examined."""

    def __init__(self, orders: Orders, queue: OrderQueue, events: Events, clock: Clock = utc_now) -> None:
        self._orders, self._queue, self._events, self._clock = orders, queue, events, clock

    def __call__(self, order_id: str) -> Order:
        """Return the order, due again. Raises ``NotFound`` if it is not a dead letter, ``DatabaseUnavailable``."""
        order = self._orders.revive(order_id, self._clock())
        self._events.revived(order)
        try:
            self._queue.enqueue(order)
        except QueueUnavailable:
            self._events.not_enqueued(order)
        return order


class SweepOrders:
    """Find accepted orders that no worker processes, and enqueue them again."""

    def __init__(self, orders: Orders, queue: OrderQueue, clock: Clock = utc_now, limit: int = 200) -> None:
        self._orders, self._queue, self._clock, self._limit = orders, queue, clock, limit

    def __call__(self) -> int:
        """Enqueue orders that are due and not queued already; return how many.

        Raises:
            DatabaseUnavailable, QueueUnavailable: sweep again later; no order is lost.
        """
        due = self._orders.due(self._clock(), self._limit)
        lost = self._queue.missing(due) if due else []
        for order in lost:
            self._queue.enqueue(order)
        return len(lost)
