"""A thing on sale."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Product:
    """A product; ``price_cents`` in euro cents, ``stock`` in pieces."""

    id: str
    name: str
    category: str
    description: str
    price_cents: int
    stock: int
    currency: str = "EUR"
