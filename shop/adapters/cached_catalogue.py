"""The catalogue with its caches."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Iterable

import redis

from shop.adapters.cache import TwoLevelCache
from shop.adapters.cache_entry import Loaded
from shop.adapters.cache_metrics import CacheMetrics
from shop.adapters.flat import flat
from shop.adapters.invalidation import Invalidations, announce
from shop.domain.errors import DatabaseUnavailable, NotFound
from shop.domain.product import Product
from shop.ports import Catalogue, Home, Seen

_log = logging.getLogger("shop.cache")

NEGATIVE_SECONDS = 10.0
PAGE_SECONDS = 15.0
HOME_SECONDS = 30.0
BEST_SELLERS, WARM = 12, 50
MOST_POPULAR_FACTOR = 4.0
FLUSH_VIEWS_SECONDS = 2.0


class CachedCatalogue:
    """Implements ``ports.Browsing`` and ``ports.Catalogue``: browsing reads from caches."""

    def __init__(
        self,
        catalogue: Catalogue,
        client: redis.Redis,
        metrics: CacheMetrics,
        seconds: float,
        new_cache: Callable[..., TwoLevelCache] = TwoLevelCache,
    ) -> None:
        self._catalogue, self._client, self._seconds = catalogue, client, seconds
        self.products = new_cache("product", client, metrics)
        self.pages = new_cache("page", client, metrics)
        self.sections = new_cache("home", client, metrics)
        self._caches = {cache.name: cache for cache in (self.products, self.pages, self.sections)}
        self.views = Views(catalogue)
        self.invalidations = Invalidations(client, self._forget)

    def look_at(self, product_id: str) -> Seen:
        """Return the product and the age of the copy.

        Counts as a view. Raises ``NotFound``, ``DatabaseUnavailable``.
        """
        entry = self.products.get(product_id, lambda: self._load(product_id))
        if entry.value is None:
            raise NotFound("product", product_id)
        self.views.count(product_id)
        return Seen(Product(**entry.value), entry.age, entry.stale)

    def look_through(self, limit: int, after: str | None) -> tuple[list[Product], float, bool]:
        """Return a page of the catalogue, its age in seconds, and whether it has expired."""
        entry = self.pages.get(f"{limit}:{after or ''}", lambda: _listed(self.page(limit, after), PAGE_SECONDS))
        return [Product(**one) for one in entry.value], entry.age, entry.stale

    def home(self) -> Home:
        """Return the content of the front page: several entries, one round trip to Redis."""
        sections = {
            "best_sellers": lambda: _listed(self.best_sellers(BEST_SELLERS), HOME_SECONDS),
            "first_page": lambda: _listed(self.page(BEST_SELLERS, None), HOME_SECONDS),
        }
        entries = self.sections.get_many(list(sections), list(sections.values()))
        best, first = ([Product(**one) for one in entry.value] for entry in entries)
        return Home(best, first, max(entry.age for entry in entries), any(entry.stale for entry in entries))

    def get(self, product_id: str) -> Product:
        """Return the product, from the cache if it is there."""
        return self.look_at(product_id).product

    def get_many(self, product_ids: Iterable[str]) -> dict[str, Product]:
        """Return the products from the database, because an order requires current prices."""
        return self._catalogue.get_many(product_ids)

    def page(self, limit: int, after: str | None) -> list[Product]:
        """Return a page from the database."""
        return self._catalogue.page(limit, after)

    def search(self, words: str, limit: int) -> list[Product]:
        """Search in the database, because searches are rarely repeated."""
        return self._catalogue.search(words, limit)

    def best_sellers(self, limit: int) -> list[Product]:
        """Return the most viewed products from the database."""
        return self._catalogue.best_sellers(limit)

    def add(self, product: Product) -> Product:
        """Add a product and write it to the cache, where it may be recorded as not existing."""
        return self._written_through(self._catalogue.add(product))

    def change(self, product_id: str, price_cents: int | None = None, stock: int | None = None) -> Product:
        """Change a product and write it to the cache.

        No process returns the old price after it has received the invalidation.
        """
        return self._written_through(self._catalogue.change(product_id, price_cents, stock))

    def add_missing(self, products: Iterable[Product]) -> int:
        """Add the missing products to the database."""
        return self._catalogue.add_missing(products)

    def add_views(self, views: dict[str, int]) -> None:
        """Add to the view counts in the database."""
        self._catalogue.add_views(views)

    def warm_up(self) -> int:
        """Write the best sellers to Redis before the first request for them. Raises ``DatabaseUnavailable``."""
        best = self._catalogue.best_sellers(WARM)
        self.products.put_many({product.id: self._loaded(product) for product in best})
        return len(best)

    def _load(self, product_id: str) -> Loaded:
        try:
            return self._loaded(self._catalogue.get(product_id))
        except NotFound:
            # The absence of the product is cached for a short time, so that repeated requests from a scanner do not
            # reach the database.
            return Loaded(None, 0, NEGATIVE_SECONDS)

    def _loaded(self, product: Product) -> Loaded:
        # Popular products stay cached up to four times as long; changes are written to the cache in any case.
        factor = min(MOST_POPULAR_FACTOR, 1.0 + math.log10(1 + product.views))
        return Loaded(flat(product), product.version, self._seconds * factor)

    def _written_through(self, product: Product) -> Product:
        self.products.put(product.id, self._loaded(product))
        announce(self._client, self.products.name, product.id)
        return product

    def _forget(self, cache: str | None, key: str | None) -> None:
        for name, one in self._caches.items():
            if cache in (None, name):
                one.forget_local(key)


def _listed(products: list[Product], seconds: float) -> Loaded:
    return Loaded([flat(product) for product in products], 0, seconds)


class Views:
    """Write-behind of product views: counted in memory, written together every few seconds.

    A process that is killed loses the views of its last two seconds; a write for every view would cost more than the
    view itself.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._counts: dict[str, int] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="views", daemon=True)

    def count(self, product_id: str) -> None:
        """Count one view of a product."""
        with self._lock:
            self._counts[product_id] = self._counts.get(product_id, 0) + 1

    def start(self) -> None:
        """Start to write views every ``FLUSH_VIEWS_SECONDS``."""
        self._thread.start()

    def stop(self) -> None:
        """Write the remaining views and stop."""
        self._stop.set()
        self.flush()

    def flush(self) -> None:
        """Write the collected views; if the database is down, they are kept for the next attempt."""
        with self._lock:
            counts, self._counts = self._counts, {}
        try:
            self._catalogue.add_views(counts)
        except DatabaseUnavailable as error:
            _log.debug("views are not written yet: %s", error)
            with self._lock:
                for product_id, number in counts.items():
                    self._counts[product_id] = self._counts.get(product_id, 0) + number

    def _run(self) -> None:
        while not self._stop.wait(FLUSH_VIEWS_SECONDS):
            self.flush()
