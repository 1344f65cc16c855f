"""Products."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Product:
    """A product; ``price_cents`` in euro cents, ``stock`` in pieces.

    ``version`` increases with every manual change of price or stock, so that older copies are recognised. ``views`` is
    the number of views, up to a few seconds ago.
    """

    id: str
    name: str
    category: str
    description: str
    price_cents: int
    stock: int
    currency: str = "EUR"
    version: int = 1
    views: int = 0
