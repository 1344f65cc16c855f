"""The shop's ports in memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from shop.domain.errors import (
    DatabaseUnavailable,
    MailUnavailable,
    NotFound,
    OutOfStock,
    PaymentDeclined,
    PaymentUnavailable,
    QueueUnavailable,
    StaleOrder,
)
from shop.domain.order import Order, OrderStatus, Step, may_become
from shop.domain.product import Product

START = datetime(2026, 1, 1, tzinfo=UTC)
LAMP = Product("brass-lamp", "Brass Lamp", "lighting", "A lamp.", 4_900, 10)
MUG = Product("blue-mug", "Blue Mug", "kitchen", "A mug.", 1_250, 3)


@dataclass
class FakeClock:
    """Time that moves when told."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class FakeCatalogue:
    """Products in a dictionary."""

    products: dict[str, Product] = field(default_factory=lambda: {LAMP.id: LAMP, MUG.id: MUG})

    def get(self, product_id: str) -> Product:
        if product_id not in self.products:
            raise NotFound("product", product_id)
        return self.products[product_id]

    def get_many(self, product_ids: Iterable[str]) -> dict[str, Product]:
        return {one: self.products[one] for one in product_ids if one in self.products}

    def page(self, limit: int, after: str | None) -> list[Product]:
        return [self.products[one] for one in sorted(self.products) if after is None or one > after][:limit]

    def add_missing(self, products: Iterable[Product]) -> int:
        fresh = {product.id: product for product in products if product.id not in self.products}
        self.products.update(fresh)
        return len(fresh)


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
            if order.idempotency_key is not None and other.idempotency_key == order.idempotency_key:
                return other
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
        self.orders[order_id] = replace(order, attempts=order.attempts + 1)
        return self.orders[order_id]

    def reserve(self, order: Order, now: datetime) -> Order:
        for line in order.lines:
            if self.catalogue.products[line.product_id].stock < line.quantity:
                raise OutOfStock(line.product_id)
        reserved = self.advance(order, OrderStatus.RESERVED, now)
        self._move_stock(order, -1)
        return reserved

    def advance(self, order: Order, to: OrderStatus, now: datetime, charge_id: str | None = None) -> Order:
        self._answer()
        current = self.orders[order.id]
        if current.status is not order.status or not may_become(order.status, to):
            raise StaleOrder(order.id)
        history = (*current.history, Step(to, now))
        charge = charge_id or current.charge_id
        self.orders[order.id] = replace(current, status=to, history=history, charge_id=charge, updated_at=now)
        return self.orders[order.id]

    def fail(self, order: Order, reason: str, now: datetime) -> Order:
        self.advance(order, OrderStatus.FAILED, now)
        if order.status is OrderStatus.RESERVED:
            self._move_stock(order, +1)
        self._done(order.id)
        self.orders[order.id] = replace(self.orders[order.id], reason=reason)
        return self.orders[order.id]

    def mark_told(self, order: Order, now: datetime) -> Order:
        self._answer()
        self.orders[order.id] = replace(self.orders[order.id], email_sent_at=now)
        self._done(order.id)
        return self.orders[order.id]

    def postpone(self, order: Order, due_at: datetime) -> None:
        self._answer()
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

    def _done(self, order_id: str) -> None:
        self.due_at.pop(order_id, None)
        self.leases.pop(order_id, None)

    def _move_stock(self, order: Order, sign: int) -> None:
        for line in order.lines:
            product = self.catalogue.products[line.product_id]
            self.catalogue.products[product.id] = replace(product, stock=product.stock + sign * line.quantity)


@dataclass
class FakeQueue:
    """Remembers what was enqueued."""

    enqueued: list[str] = field(default_factory=list)
    down: bool = False

    def enqueue(self, order: Order) -> None:
        if self.down:
            raise QueueUnavailable("down")
        self.enqueued.append(order.id)


@dataclass
class FakePayments:
    """Charges once per order, as the real service does."""

    charges: dict[str, int] = field(default_factory=dict)
    calls: int = 0
    down: bool = False
    declines: bool = False

    def charge(self, order: Order) -> str:
        self.calls += 1
        if self.down:
            raise PaymentUnavailable("down")
        if self.declines:
            raise PaymentDeclined("declined")
        self.charges.setdefault(order.id, order.total_cents)
        return f"ch_{order.id}"


@dataclass
class FakeMailer:
    """Remembers whom it wrote to."""

    sent: list[str] = field(default_factory=list)
    down: bool = False

    def confirm(self, order: Order) -> None:
        if self.down:
            raise MailUnavailable("down")
        self.sent.append(order.id)


@dataclass
class FakeEvents:
    """Remembers what happened, in words."""

    told: list[str] = field(default_factory=list)

    def accepted(self, order: Order) -> None:
        self.told.append("accepted")

    def not_enqueued(self, order: Order) -> None:
        self.told.append("not enqueued")

    def advanced(self, order: Order) -> None:
        self.told.append(str(order.status))

    def waiting(self, order: Order, why: str, due_at: datetime) -> None:
        self.told.append(f"waiting: {why}")
