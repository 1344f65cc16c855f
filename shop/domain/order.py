"""An order, its lines, and the states it may pass through."""

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
    """Where an order stands."""

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
"""The state machine. A paid order cannot fail any more: the money was taken, so it must be confirmed."""


@dataclass(frozen=True, slots=True)
class OrderLine:
    """Some pieces of one product; its name and price are copied, for they may change later and the order may not."""

    product_id: str
    name: str
    quantity: int
    unit_price_cents: int


@dataclass(frozen=True, slots=True)
class Step:
    """A state the order reached, and when (UTC)."""

    status: OrderStatus
    at: datetime


@dataclass(frozen=True, slots=True)
class Origin:
    """The request that placed an order: the way from an order to its signals."""

    request_id: str | None = None
    trace_id: str | None = None
    span_id: str | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Why and when the workers gave up on an order: a person must look at it."""

    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """A promise to a customer.

    ``customer_id`` is ``None`` for a guest. ``attempts`` counts how often fulfilment was begun, ``strikes`` how often
    in a row it ended without a reason that excuses it (a crash, a defect).
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
        """What the customer pays, in cents of ``currency``."""
        return sum(line.quantity * line.unit_price_cents for line in self.lines)

    @property
    def final(self) -> bool:
        """Whether no further state follows."""
        return not NEXT[self.status]

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do: the state is final and the customer of a confirmed order has been notified."""
        return self.status in (OrderStatus.FAILED, OrderStatus.CANCELLED) or (
            self.status is OrderStatus.CONFIRMED and self.email_sent_at is not None
        )


def may_become(status: OrderStatus, following: OrderStatus) -> bool:
    """Whether the state machine allows this step."""
    return following in NEXT[status]


def new_order_id(now: datetime) -> str:
    """An id that sorts by time and cannot be guessed: ``ord_`` + 12 hex digits of milliseconds + 20 random."""
    return f"{first_order_id(now)}{secrets.token_hex(10)}"


def first_order_id(moment: datetime) -> str:
    """The least id that an order placed at ``moment`` or later can have."""
    return f"ord_{int(moment.timestamp() * 1000):012x}"


def merged(items: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Quantity per product; a product named twice is one line, so that stock is reserved once for it.

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
    """The same for two orders of the same things: distinguishes a repeated request from a reused key."""
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
    """A pending order of ``quantities``, at the prices of ``products`` (which holds each of them)."""
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
