"""One visit to the shop: the shopper's steps and the think time before each.

A visit is a generator of pauses in seconds, independent of threads, clocks and signals.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from lab.trickle.shop import Answer, Shop

PRODUCTS = "/api/v1/products"
ORDERS = "/api/v1/orders"

THINK_SECONDS = 2.4
"""Mean pause between two steps. Pauses are exponentially distributed, which approximates human behaviour."""
LONGEST_THINK_SECONDS = 8.0
POLL_SECONDS = (0.3, 0.5, 1.0, 2.0, 4.0, 8.0)
ORDER_SHARE = 0.8
DEAD_LINK_SHARE = 0.15
MOST_LOOKS = 4
MOST_PIECES = 3
_FINAL = ("confirmed", "failed")
_PAGE = 100


def visit(shop: Shop, rng: random.Random) -> Iterator[float]:
    """Visit the shop once. Yields the seconds to wait before the next step; raises ``ShopIsDown``.

    An error response ends the visit, as it would for a customer.
    """
    listed = shop.get(f"{PRODUCTS}?limit={_PAGE}")
    yield _think(rng)
    products = _ids(listed)
    if not products:
        return
    if rng.random() < DEAD_LINK_SHARE:
        shop.get(f"{PRODUCTS}/no-longer-sold-{rng.randrange(100)}")
        yield _think(rng)
    liked = products[0]
    for _ in range(rng.randint(1, MOST_LOOKS)):
        liked = popular(products, rng)
        if shop.get(f"{PRODUCTS}/{liked}").status >= 400:
            return
        yield _think(rng)
    if rng.random() < ORDER_SHARE:
        yield from _order(shop, liked, rng)


def _order(shop: Shop, product_id: str, rng: random.Random) -> Iterator[float]:
    """Place an order and poll it at growing intervals until it is final."""
    body = {"items": [{"product_id": product_id, "quantity": rng.randint(1, MOST_PIECES)}]}
    placed = shop.post(ORDERS, body)
    if placed.status != 202 or not isinstance(placed.content, dict):
        yield _think(rng)
        return
    for pause in POLL_SECONDS:
        yield pause
        order = shop.get(f"{ORDERS}/{placed.content.get('id')}")
        if order.status != 200 or not isinstance(order.content, dict) or order.content.get("status") in _FINAL:
            break
    yield _think(rng)


def popular(products: list[str], rng: random.Random) -> str:
    """Choose a product. The nth of the list is chosen about n times less often than the first (Zipf's law)."""
    rank = int((len(products) + 1) ** rng.random())
    return products[min(rank, len(products)) - 1]


def _think(rng: random.Random) -> float:
    return min(LONGEST_THINK_SECONDS, rng.expovariate(1 / THINK_SECONDS))


def _ids(listed: Answer) -> list[str]:
    content: Any = listed.content
    items = content.get("items") if listed.status == 200 and isinstance(content, dict) else None
    return [str(item["id"]) for item in items or () if isinstance(item, dict) and "id" in item]
