"""Products through Redis, cache-aside: look there first, else ask the catalogue and leave the answer there."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import asdict

import orjson
import redis

from observability.database import DatabaseMetrics
from shop.domain.product import Product
from shop.ports import Catalogue

_log = logging.getLogger(__name__)
NAME = "product"


class CachedCatalogue:
    """Implements ``ports.Catalogue``: single products through the cache, everything else past it.

    A cache that does not answer is a miss: the shop is slower without it, never wrong or down.
    """

    def __init__(self, catalogue: Catalogue, client: redis.Redis, metrics: DatabaseMetrics, seconds: int) -> None:
        self._catalogue, self._client, self._seconds = catalogue, client, seconds
        self._hit = metrics.cache.labels(NAME, "hit")
        self._miss = metrics.cache.labels(NAME, "miss")
        self._error = metrics.cache.labels(NAME, "error")

    def get(self, product_id: str) -> Product:
        """The product, at most ``seconds`` old."""
        key = f"product:{product_id}"
        try:
            raw = self._client.get(key)
        except redis.RedisError as error:
            self._error.inc()
            _log.debug("cache read failed: %s", error)
            return self._catalogue.get(product_id)
        if isinstance(raw, bytes):
            self._hit.inc()
            return Product(**orjson.loads(raw))
        self._miss.inc()
        product = self._catalogue.get(product_id)
        try:
            self._client.set(key, orjson.dumps(asdict(product)), ex=self._seconds)
        except redis.RedisError as error:
            _log.debug("cache write failed: %s", error)
        return product

    def get_many(self, product_ids: Iterable[str]) -> dict[str, Product]:
        """Past the cache: an order is taken at the price of now."""
        return self._catalogue.get_many(product_ids)

    def page(self, limit: int, after: str | None) -> list[Product]:
        """Past the cache."""
        return self._catalogue.page(limit, after)

    def add_missing(self, products: Iterable[Product]) -> int:
        """Past the cache."""
        return self._catalogue.add_missing(products)
