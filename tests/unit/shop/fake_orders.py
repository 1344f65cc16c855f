"""In-memory ``ports.Orders``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise

from shop.domain.errors import (
    DatabaseUnavailable,
    NotFound,
    OutOfStock,
    StaleOrder,
)
from shop.domain.order import DeadLetter, Order, OrderStatus, Step, may_become
from shop.ports import Backlog, OrderFilter
from tests.unit.shop.fake_catalogue import FakeCatalogue


@dataclass
class FakeOrders:
    """Orders and their stock in dictionaries; ``down`` makes every call fail."""

    catalogue: FakeCatalogue
    orders: dict[str, Order] = field(default_factory=dict)
    due_at: dict[str, datetime] = field(default_factory=dict)
    leases: dict[str, datetime] = field(default_factory=dict)
    down: bool = False

    def add(self, order: Order, due_at: datetime) -> Order:
        self._answer()
        for other in self.orders.values():
            same = (other.customer_id, other.idempotency_key) == (order.customer_id, order.idempotency_key)
            if order.idempotency_key is not None and same:
                return other
        if order.id in self.orders:
            return self.orders[order.id]
        self.orders[order.id] = order
        self.due_at[order.id] = due_at
        return order

    def get(self, order_id: str) -> Order:
        self._answer()
        if order_id not in self.orders:
            raise NotFound("order", order_id)
        return self.orders[order_id]

    def claim(self, order_id: str, now: datetime, until: datetime) -> Order | None:
        self._answer()
        if order_id not in self.due_at or self.leases.get(order_id, now) > now:
            return None
        self.leases[order_id] = self.due_at[order_id] = until
        order = self.orders[order_id]
        self.orders[order_id] = replace(order, attempts=order.attempts + 1, strikes=order.strikes + 1)
        return self.orders[order_id]

    def reserve(self, order: Order, now: datetime) -> Order:
        self._require(order, (OrderStatus.RESERVED,))
        for line in order.lines:
            product = self.catalogue.products.get(line.product_id)
            if product is None or product.stock < line.quantity:
                raise OutOfStock(line.product_id)
        reserved = self.advance(order, (OrderStatus.RESERVED,), now)
        self._move_stock(order, -1)
        return reserved

    def advance(self, order: Order, to: Sequence[OrderStatus], now: datetime, charge_id: str | None = None) -> Order:
        current = self._require(order, to)
        history = (*current.history, *(Step(status, now) for status in to))
        charge = charge_id or current.charge_id
        self.orders[order.id] = replace(
            current, status=to[-1], history=history, charge_id=charge, updated_at=now, strikes=0
        )
        return self.orders[order.id]

    def fail(self, order: Order, reason: str, now: datetime) -> Order:
        self.advance(order, (OrderStatus.FAILED,), now)
        if order.status is OrderStatus.RESERVED:
            self._move_stock(order, +1)
        self._done(order.id)
        self.orders[order.id] = replace(self.orders[order.id], reason=reason)
        return self.orders[order.id]

    def page(self, wanted: OrderFilter, limit: int, after: str | None) -> list[Order]:
        self._answer()
        found = [
            order
            for order in sorted(self.orders.values(), key=lambda order: order.id, reverse=True)
            if (wanted.customer_id in (None, order.customer_id))
            and (wanted.status in (None, order.status))
            and (wanted.created_from is None or order.created_at >= wanted.created_from)
            and (wanted.created_before is None or order.created_at < wanted.created_before)
            and (after is None or order.id < after)
        ]
        return found[:limit]

    def cancel(self, order: Order, now: datetime) -> Order:
        cancelled = self.advance(order, (OrderStatus.CANCELLED,), now)
        self._done(order.id)
        return cancelled

    def bury(self, order: Order, reason: str, now: datetime) -> Order:
        self.orders[order.id] = replace(self.get(order.id), dead_letter=DeadLetter(reason, now))
        self._done(order.id)
        return self.orders[order.id]

    def revive(self, order_id: str, now: datetime) -> Order:
        if self.get(order_id).dead_letter is None:
            raise NotFound("order", order_id)
        self.orders[order_id] = replace(self.orders[order_id], dead_letter=None, strikes=0)
        self.due_at[order_id] = now
        return self.orders[order_id]

    def dead_letters(self, limit: int, after: str | None) -> list[Order]:
        self._answer()
        dead = [self.orders[one] for one in sorted(self.orders) if self.orders[one].dead_letter]
        return [one for one in dead if after is None or one.id > after][:limit]

    def backlog(self, now: datetime) -> Backlog:
        self._answer()
        waiting = [self.orders[one] for one in self.due_at]
        not_final = [order for order in waiting if order.status is not OrderStatus.CONFIRMED]
        ages = [(now - order.created_at).total_seconds() for order in not_final]
        mails = len(waiting) - len(not_final)
        return Backlog(len(waiting), mails, max([0.0, *ages]), len(self.dead_letters(1000, None)))

    def mark_notified(self, order: Order, now: datetime) -> Order:
        self.orders[order.id] = replace(self.get(order.id), email_sent_at=now)
        self._done(order.id)
        return self.orders[order.id]

    def postpone(self, order: Order, due_at: datetime, excused: bool) -> None:
        self._answer()
        if order.id not in self.due_at:
            return
        if excused:
            self.orders[order.id] = replace(self.orders[order.id], strikes=0)
        self.due_at[order.id] = due_at
        self.leases.pop(order.id, None)

    def due(self, now: datetime, limit: int) -> list[Order]:
        self._answer()
        return [self.orders[one] for one, at in sorted(self.due_at.items(), key=lambda pair: pair[1]) if at <= now][
            :limit
        ]

    def _answer(self) -> None:
        if self.down:
            raise DatabaseUnavailable("down")

    def _require(self, order: Order, to: Sequence[OrderStatus]) -> Order:
        self._answer()
        allowed = all(may_become(before, after) for before, after in pairwise((order.status, *to)))
        current = self.orders.get(order.id)
        if current is None or current.status is not order.status or not allowed:
            raise StaleOrder(order.id)
        return current

    def _done(self, order_id: str) -> None:
        self.due_at.pop(order_id, None)
        self.leases.pop(order_id, None)

    def _move_stock(self, order: Order, sign: int) -> None:
        for line in order.lines:
            product = self.catalogue.products[line.product_id]
            self.catalogue.products[product.id] = replace(product, stock=product.stock + sign * line.quantity)
