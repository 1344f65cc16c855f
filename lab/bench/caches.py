"""``python -m stack exec lab.bench.caches``: the savings of each cache of the shop, on the running instance's servers.

Variants are measured in turn in each round, so that a temporarily slow machine affects all of them. Figures are
medians. The benchmark uses a separate database and key space and removes them.
"""

from __future__ import annotations

import statistics
import sys
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from prometheus_client import CollectorRegistry
from rich.console import Console
from rich.table import Table

from glasshouse_observability import Telemetry, TelemetrySettings
from lab.bench import addresses
from lab.clients.http import direct_session
from shop.adapters.cache_metrics import CacheMetrics
from shop.adapters.cached_catalogue import CachedCatalogue
from shop.bootstrap import Instruments, Shop, new_shop
from shop.config import Settings
from shop.domain.errors import NotFound
from shop.domain.product import Product

ROUNDS = 300
READERS = 200
HOT = "brass-desk-lamp"


def main() -> int:
    """Measure and print the table."""
    settings = replace(Settings.from_env(), mongo_database=f"bench-{uuid.uuid4().hex[:8]}")
    telemetry = Telemetry(TelemetrySettings(service="bench", instance="bench"))
    shop = new_shop(settings, Instruments.install(telemetry))
    shop.prepare()
    try:
        table = Table("what", "without", "with", "saved", title="Savings by each cache (medians)")
        for row in (
            *reads(shop),
            *stampede(shop),
            *front_page(shop),
            *negative(shop),
            *views(shop),
            warm(shop),
            *over_http(),
        ):
            table.add_row(*row)
        Console(width=110).print(table)
    finally:
        shop.mongo_client.drop_database(settings.mongo_database)
        shop.stop()
    return 0


def a_replica(shop: Shop) -> CachedCatalogue:
    """Return the caches of a new process: an empty local level and separate keys in Redis."""
    inner = shop.catalogue
    assert isinstance(inner, CachedCatalogue)
    replica = CachedCatalogue(inner._catalogue, shop.redis_client, CacheMetrics(CollectorRegistry()), 60)
    for cache in (replica.products, replica.pages, replica.sections):
        cache.name = f"bench-{uuid.uuid4().hex[:6]}"
    return replica


def median_of(rounds: int, *calls: Callable[[], object]) -> list[float]:
    """Return the median seconds of each call, measured in turn."""
    seconds: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for place, call in zip(seconds, calls, strict=True):
            started = time.perf_counter()
            call()
            place.append(time.perf_counter() - started)
    return [statistics.median(one) for one in seconds]


def row(what: str, without: float, with_: float) -> tuple[str, str, str, str]:
    """Return a row of the table, with times in microseconds."""
    return what, f"{without * 1e6:,.0f} µs", f"{with_ * 1e6:,.0f} µs", f"{without / max(with_, 1e-9):,.1f} ×"


def reads(shop: Shop) -> list[tuple[str, str, str, str]]:
    """Measure reads of one product: from MongoDB, from Redis and from the process."""
    replica = a_replica(shop)
    replica.look_at(HOT)

    def from_redis() -> None:
        replica.products.forget_local(HOT)
        replica.look_at(HOT)

    database, shared, local = median_of(
        ROUNDS, lambda: replica._catalogue.get(HOT), from_redis, lambda: replica.look_at(HOT)
    )
    return [
        row("cache-aside in Redis: one product", database, shared),
        row("second level in the process: one product", shared, local),
    ]


def stampede(shop: Shop) -> list[tuple[str, str, str, str]]:
    """Count the database queries of many concurrent readers of one product that is not cached."""

    def queries(protected: bool) -> int:
        replica, asked, lock = a_replica(shop), 0, threading.Lock()
        load = replica._load

        def counted(product_id: str) -> object:
            nonlocal asked
            with lock:
                asked += 1
            return load(product_id)

        replica._load = counted  # type: ignore[method-assign,assignment]
        barrier = threading.Barrier(READERS)

        def read(_: int) -> None:
            barrier.wait()
            if protected:
                replica.look_at(HOT)
            elif replica.products._shared([HOT])[0] is None:
                replica.products.put(HOT, counted(HOT))  # type: ignore[arg-type]

        with ThreadPoolExecutor(READERS) as pool:
            list(pool.map(read, range(READERS)))
        return asked

    without, with_ = queries(protected=False), queries(protected=True)
    return [(f"stampede of {READERS} readers: queries", str(without), str(with_), f"{without / with_:,.0f} ×")]


def front_page(shop: Shop) -> list[tuple[str, str, str, str]]:
    """Measure the front page: two queries, or one round trip."""
    replica = a_replica(shop)
    replica.home()

    def cached() -> None:
        replica.sections.forget_local(None)
        replica.home()

    def plain() -> None:
        replica.best_sellers(12)
        replica.page(12, None)

    without, with_ = median_of(ROUNDS, plain, cached)
    return [row("aggregation: the front page", without, with_)]


def negative(shop: Shop) -> list[tuple[str, str, str, str]]:
    """Measure reads of a product that does not exist."""
    replica = a_replica(shop)

    def ask(one: Callable[[str], object]) -> None:
        try:
            one("no-such-thing")
        except NotFound:
            return

    without, with_ = median_of(ROUNDS, lambda: ask(replica._catalogue.get), lambda: ask(replica.look_at))
    return [row("negative caching: an unknown product", without, with_)]


def views(shop: Shop) -> list[tuple[str, str, str, str]]:
    """Measure counting a view: written immediately, or counted and written behind."""
    replica = a_replica(shop)
    without, with_ = median_of(ROUNDS, lambda: replica._catalogue.add_views({HOT: 1}), lambda: replica.views.count(HOT))
    return [row("write-behind: one view of a product", without, with_)]


def warm(shop: Shop) -> tuple[str, str, str, str]:
    """Measure the first reader after a start."""
    products: list[Product] = shop.catalogue.best_sellers(50)

    def first_reader(is_warm: bool) -> float:
        replica = a_replica(shop)
        if is_warm:
            replica.products.put_many({one.id: replica._loaded(one) for one in products})
        seconds = []
        for product in products:
            started = time.perf_counter()
            replica.look_at(product.id)
            seconds.append(time.perf_counter() - started)
        return statistics.median(seconds)

    return row("warm-up: first readers of best sellers", first_reader(is_warm=False), first_reader(is_warm=True))


def over_http() -> list[tuple[str, str, str, str]]:
    """Measure savings by clients and a CDN, through NGINX: time for a product, bytes for a page of the catalogue."""
    base, session = addresses.read(addresses.API_URL)[0], direct_session()
    without, with_ = median_of(
        ROUNDS,
        lambda: session.get(f"{base}/api/v1/products/{HOT}", timeout=5),
        lambda: session.get(f"{base}/cdn/products/{HOT}", timeout=5),
    )
    page = f"{base}/api/v1/products?limit=100"
    whole = session.get(page, timeout=5)
    unchanged = session.get(page, headers={"If-None-Match": whole.headers["ETag"]}, timeout=5)
    sizes = len(whole.content), len(unchanged.content)
    return [
        row("NGINX as CDN: a product, measured by the client", without, with_),
        ("ETag: body of a page that has not changed", f"{sizes[0]:,} B", f"{sizes[1]:,} B", "everything"),
    ]


if __name__ == "__main__":
    sys.exit(main())
