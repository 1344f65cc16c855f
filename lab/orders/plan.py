"""The orders of a run: a realistic mix, reproducible from a seed; some have a known final state."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

LIMIT_CENTS = 1_000_000
"""Above this the payment service declines."""
HOT = 5
SHARE_HOT, SHARE_LOGGED_IN = 0.5, 0.4
SHARE_DECLINED, SHARE_SCARCE = 0.03, 0.03
EXPENSIVE_CENTS = 10_000
"""A declined order has an expensive product, so that it holds few pieces."""


class Expectation(StrEnum):
    """How an order must end."""

    CONFIRMED = "confirmed"
    DECLINED = "declined"
    SCARCE = "scarce"
    """Confirmed as long as the scarce product lasts, then failed."""


@dataclass(frozen=True, slots=True)
class Wish:
    """An order to be sent: its Idempotency-Key, its lines, the customer (``None``: a guest) and its end."""

    key: str
    lines: tuple[tuple[str, int], ...]
    customer: int | None
    end: Expectation

    @property
    def body(self) -> dict[str, Any]:
        """As ``POST /api/v1/orders`` takes it."""
        return {"items": [{"product_id": product, "quantity": quantity} for product, quantity in self.lines]}


@dataclass(frozen=True, slots=True)
class Plan:
    """All wishes, in the order in which they are sent; the scarce product and how many pieces of it there are."""

    prefix: str
    wishes: tuple[Wish, ...]
    scarce: str
    scarce_stock: int


def make_plan(prefix: str, products: Sequence[dict[str, Any]], orders: int, customers: int, seed: int) -> Plan:
    """The plan of ``seed``: the same for the same catalogue. Keys are ``<prefix>-<number>``.

    ``products`` are those of ``GET /api/v1/products``; at least ten.
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
