"""Cached catalogues over a database that can be slow or down."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from shop.adapters.cached_catalogue import CachedCatalogue
from shop.domain.errors import DatabaseUnavailable
from shop.domain.product import Product
from tests.unit.shop.fakes import FakeCatalogue


@dataclass
class SlowCatalogue(FakeCatalogue):
    """Count the requests; can be slow or down."""

    asked: int = 0
    seconds: float = 0.0
    down: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, product_id: str) -> Product:
        with self.lock:
            self.asked += 1
        threading.Event().wait(self.seconds)
        if self.down:
            raise DatabaseUnavailable("down")
        return super().get(product_id)


@dataclass
class Replica:
    """One process's catalogue: its own first level over the shared second level."""

    catalogue: CachedCatalogue
    registry: CollectorRegistry

    def count(self, result: str, cache: str = "product") -> float:
        return self.registry.get_sample_value("cache_requests_total", {"cache": cache, "result": result}) or 0.0
