"""The orders of a run: a realistic mix that a seed reproduces. Some have a known final state."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

LIMIT_CENTS = 1_000_000
"""The payment service declines charges above this amount."""
HOT = 5
SHARE_HOT, SHARE_LOGGED_IN = 0.5, 0.4
SHARE_DECLINED, SHARE_SCARCE = 0.03, 0.03
EXPENSIVE_CENTS = 10_000
"""A declined order has an expensive product, so that it reserves few items."""


class Expectation(StrEnum):
    """The expected final state of an order."""

    CONFIRMED = "confirmed"
    DECLINED = "declined"
    SCARCE = "scarce"
    """Confirmed while the scarce product is in stock, then failed."""


@dataclass(frozen=True, slots=True)
class Wish:
    """An order to send: its Idempotency-Key, its lines, the customer (``None``: a guest) and its expected end."""

    key: str
    lines: tuple[tuple[str, int], ...]
    customer: int | None
    end: Expectation

    @property
    def body(self) -> dict[str, Any]:
        """Return the body for ``POST /api/v1/orders``."""
        return {"items": [{"product_id": product, "quantity": quantity} for product, quantity in self.lines]}


@dataclass(frozen=True, slots=True)
class Plan:
    """All orders to send, in sequence; the scarce product and its stock."""

    prefix: str
    wishes: tuple[Wish, ...]
    scarce: str
    scarce_stock: int


def make_plan(prefix: str, products: Sequence[dict[str, Any]], orders: int, customers: int, seed: int) -> Plan:
    """Return the plan of ``seed``, which is the same for the same catalogue. Keys are ``<prefix>-<number>``.

    ``products`` are at least ten products of ``GET /api/v1/products``.
    """
    chance = random.Random(seed)  # noqa: S311  (a repeatable draw, not a secret)
    by_stock = sorted(products, key=lambda product: (product["stock"], product["id"]))
    scarce, hot = by_stock[0]["id"], [product["id"] for product in by_stock[-HOT:]]
    others = [product["id"] for product in by_stock[1:]]
    expensive = [product for product in by_stock[len(by_stock) // 2 :] if product["price_cents"] >= EXPENSIVE_CENTS]
    ends = _ends(orders, bool(expensive), chance)
    wishes = []
    for number, end in enumerate(ends):
        customer = chance.randrange(customers) if customers and chance.random() < SHARE_LOGGED_IN else None
        if end is Expectation.SCARCE:
            lines = {scarce: 1}
        elif end is Expectation.DECLINED:
            product = chance.choice(expensive)
            lines = {product["id"]: LIMIT_CENTS // product["price_cents"] + 1}
        else:
            lines = {chance.choice(hot) if chance.random() < SHARE_HOT else chance.choice(others): 1}
            for _ in range(chance.choice((0, 0, 1, 2))):
                lines[chance.choice(others)] = chance.randint(1, 3)
        wishes.append(Wish(f"{prefix}-{number:05d}", tuple(lines.items()), customer, end))
    wanted = sum(wish.end is Expectation.SCARCE for wish in wishes)
    return Plan(prefix, tuple(wishes), scarce, wanted // 2)


def _ends(orders: int, can_be_declined: bool, chance: random.Random) -> list[Expectation]:
    declined = max(1, round(orders * SHARE_DECLINED)) if can_be_declined else 0
    scarce = max(2, round(orders * SHARE_SCARCE))
    ends = [Expectation.DECLINED] * declined + [Expectation.SCARCE] * scarce
    ends += [Expectation.CONFIRMED] * (orders - len(ends))
    chance.shuffle(ends)
    return ends[:orders]
