"""Test data of the contracts. Times are in whole milliseconds, as MongoDB stores them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shop.domain.order import Order, new_order
from shop.domain.product import Product

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)

LAMP = Product("brass-lamp", "Brass Lamp", "lighting", "Warm light for the desk.", 4_900, 10)
MUG = Product("blue-mug", "Blue Mug", "kitchen", "Holds tea.", 1_250, 3)
POT = Product("tea-pot", "Tea Pot", "kitchen", "Pours.", 2_000, 5)
PRODUCTS = [MUG, LAMP, POT]
"""Return products by id."""


def an_order(
    at: datetime = NOW, quantity: int = 1, product: Product = LAMP, key: str | None = None, customer: str | None = None
) -> Order:
    """Return a new order that is not stored yet."""
    return new_order({product.id: quantity}, {product.id: product}, at, key, customer_id=customer)
