"""An order, its lines, and its states."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from shop.domain.errors import InvalidOrder
from shop.domain.product import Product

MAX_LINES = 50
MAX_QUANTITY = 1000


class OrderStatus(StrEnum):
    """The state of an order."""

    PENDING = "pending"
    RESERVED = "reserved"
    PAID = "paid"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    CANCELLED = "cancelled"


NEXT: dict[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.PENDING: frozenset({OrderStatus.RESERVED, OrderStatus.FAILED, OrderStatus.CANCELLED}),
    OrderStatus.RESERVED: frozenset({OrderStatus.PAID, OrderStatus.FAILED}),
    OrderStatus.PAID: frozenset({OrderStatus.CONFIRMED}),
    OrderStatus.CONFIRMED: frozenset(),
    OrderStatus.FAILED: frozenset(),
    OrderStatus.CANCELLED: frozenset(),
}
"""The state machine. A paid order can no longer fail: the customer was charged, so it must be confirmed."""


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A quantity of one product; name and price are copied, because they must not change with the product."""

    product_id: str
    name: str
    quantity: int
    unit_price_cents: int


@dataclass(frozen=True, slots=True)
class Step:
    """A state that the order reached, and when (UTC)."""

    status: OrderStatus
    at: datetime


@dataclass(frozen=True, slots=True)
class Origin:
    """The request that placed an order, which links an order to its logs and traces."""

    request_id: str | None = None
    trace_id: str | None = None
    span_id: str | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Why and when the workers gave up on an order; it needs manual attention."""

    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """An accepted order.

    ``customer_id`` is ``None`` for a guest. ``attempts`` counts how often fulfilment was started, ``strikes`` how many
    times in a row it ended because of a crash or a defect.
    """

    id: str
    status: OrderStatus
    lines: tuple[OrderLine, ...]
    created_at: datetime
    updated_at: datetime
    history: tuple[Step, ...]
    customer_id: str | None = None
    currency: str = "EUR"
    reason: str | None = None
    charge_id: str | None = None
    email_sent_at: datetime | None = None
    attempts: int = 0
    strikes: int = 0
    dead_letter: DeadLetter | None = None
    idempotency_key: str | None = None
    fingerprint: str = ""
    origin: Origin = field(default_factory=Origin)

    @property
    def total_cents(self) -> int:
        """Return the total that the customer pays, in cents of ``currency``."""
        return sum(line.quantity * line.unit_price_cents for line in self.lines)

    @property
    def final(self) -> bool:
        """Return whether the state is final."""
        return not NEXT[self.status]

    @property
    def finished(self) -> bool:
        """Return whether nothing is left to do: the state is final and a confirmed order's customer was notified."""
        return self.status in (OrderStatus.FAILED, OrderStatus.CANCELLED) or (
            self.status is OrderStatus.CONFIRMED and self.email_sent_at is not None
        )


def may_become(status: OrderStatus, following: OrderStatus) -> bool:
    """Return whether the state machine allows this transition."""
    return following in NEXT[status]


def new_order_id(now: datetime) -> str:
    """Return an id that sorts by time and cannot be guessed.

    It is ``ord_``, 12 hex digits of milliseconds, and 20 random hex digits.
    """
    return f"{first_order_id(now)}{secrets.token_hex(10)}"


def first_order_id(moment: datetime) -> str:
    """Return the lowest id that an order placed at ``moment`` or later can have."""
    return f"ord_{int(moment.timestamp() * 1000):012x}"


def merged(items: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return the quantity per product; repeated products are merged into one line, so that stock is reserved once.

    Raises:
        InvalidOrder: no items, too many lines, or a quantity out of 1..``MAX_QUANTITY``.
    """
    quantities: dict[str, int] = {}
    for product_id, quantity in items:
        quantities[product_id] = quantities.get(product_id, 0) + quantity
    if not 1 <= len(quantities) <= MAX_LINES:
        raise InvalidOrder(f"An order has 1 to {MAX_LINES} different products, this one has {len(quantities)}.")
    for product_id, quantity in quantities.items():
        if not 1 <= quantity <= MAX_QUANTITY:
            raise InvalidOrder(f"The quantity of {product_id!r} must be 1 to {MAX_QUANTITY}, not {quantity}.")
    return quantities


def fingerprint(quantities: dict[str, int]) -> str:
    """Return a hash of the items, which distinguishes a repeated request from a reused key."""
    text = ";".join(f"{product}={quantity}" for product, quantity in sorted(quantities.items()))
    return hashlib.sha256(text.encode()).hexdigest()


def new_order(
    quantities: dict[str, int],
    products: dict[str, Product],
    now: datetime,
    idempotency_key: str | None = None,
    origin: Origin | None = None,
    customer_id: str | None = None,
) -> Order:
    """Return a pending order of ``quantities``, at the prices of ``products`` (which contains each of them)."""
    lines = tuple(
        OrderLine(product_id, products[product_id].name, quantity, products[product_id].price_cents)
        for product_id, quantity in quantities.items()
    )
    return Order(
        id=new_order_id(now),
        status=OrderStatus.PENDING,
        lines=lines,
        created_at=now,
        updated_at=now,
        history=(Step(OrderStatus.PENDING, now),),
        customer_id=customer_id,
        idempotency_key=idempotency_key,
        fingerprint=fingerprint(quantities),
        origin=origin or Origin(),
    )
