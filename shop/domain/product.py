"""A thing on sale."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Product:
    """A product; ``price_cents`` in euro cents, ``stock`` in pieces.

    ``version`` rises with every change of price or stock made by hand, so that an older copy is known as older;
    ``views`` is how often it was looked at, up to a few seconds ago.
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
