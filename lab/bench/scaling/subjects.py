"""The data sets that grow, how they are filled, and the operations measured at each size."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from prometheus_client import CollectorRegistry
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.database import Database

from glasshouse_observability.metrics.deferred import DeferredHistogram
from glasshouse_observability.metrics.exposition import Renderer
from shop.adapters.accounts import MongoAccounts
from shop.adapters.catalogue import MongoCatalogue
from shop.adapters.mongo import Document
from shop.adapters.mongo_schema import ensure_schema
from shop.adapters.order_documents import to_document
from shop.adapters.orders import MongoOrders
from shop.domain.order import OrderStatus, new_order
from shop.ports import OrderFilter
from shop.seed import products

Operations = Mapping[str, Callable[[], Any]]
BATCH = 10_000
OPEN_ORDERS = 100
"""Unfinished orders: the backlog depends on the workers, not on the number of past orders."""
ORDERS_A_CUSTOMER = 20
_DAWN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Subject:
    """A data set and its sizes; ``filled`` creates one size and returns its operations."""

    name: str
    sizes: tuple[int, ...]
    filled: Callable[[MongoClient[Document], Database[Document], int], Operations]


def all_subjects() -> list[Subject]:
    """Return all subjects."""
    return [
        Subject("products", (1_000, 10_000, 100_000, 1_000_000), _products),
        Subject("orders", (1_000, 10_000, 100_000, 1_000_000), _orders),
        Subject("accounts", (1_000, 10_000, 100_000, 1_000_000), _accounts),
        Subject("label sets of one histogram", (10, 100, 1_000, 10_000), _label_sets),
    ]


def _products(_: MongoClient[Document], db: Database[Document], size: int) -> Operations:
    kinds = list(products())

    def documents() -> Iterator[Document]:
        for number, kind in zip(range(size), itertools.cycle(kinds), strict=False):
            document = asdict(replace(kind, id=f"{kind.id}-{number}", name=f"{kind.name} {number}", views=number % 997))
            yield {"_id": document.pop("id"), **document}

    _insert(db["products"], documents())
    ensure_schema(db)
    catalogue, numbers = MongoCatalogue(db), _anywhere(size)

    def somewhere() -> str:
        number = next(numbers)
        return f"{kinds[number % len(kinds)].id}-{number}"

    return {
        "read a product, not cached": lambda: catalogue.get(somewhere()),
        "a random page of the list": lambda: catalogue.page(20, somewhere()),
        "best sellers": lambda: catalogue.best_sellers(12),
        "search a rare word": lambda: catalogue.search(str(next(numbers)), 20),
        "search a frequent word": lambda: catalogue.search("lamp", 20),
    }


def _orders(client: MongoClient[Document], db: Database[Document], size: int) -> Operations:
    kind = next(products())
    customers = max(1, size // ORDERS_A_CUSTOMER)

    def documents() -> Iterator[Document]:
        for number in range(size):
            at = _DAWN + timedelta(seconds=number)
            order = new_order({kind.id: 1}, {kind.id: kind}, at, None, None, f"customer-{number % customers}")
            document = to_document(order)
            if number < size - OPEN_ORDERS:
                document["status"] = str(OrderStatus.FAILED if number % 50 == 0 else OrderStatus.CONFIRMED)
            else:
                document["due_at"] = at
            yield document

    _insert(db["orders"], documents())
    ensure_schema(db)
    orders, numbers, now = MongoOrders(client, db), _anywhere(customers), _DAWN + timedelta(seconds=size + 60)

    def newest_of_a_customer() -> Any:
        return orders.page(OrderFilter(customer_id=f"customer-{next(numbers)}"), 20, None)

    return {
        "a customer's newest orders": newest_of_a_customer,
        "the newest failed orders": lambda: orders.page(OrderFilter(status=OrderStatus.FAILED), 20, None),
        "the sweeper's query": lambda: orders.due(now, 200),
        "the backlog's gauges": lambda: orders.backlog(now),
    }


def _accounts(_: MongoClient[Document], db: Database[Document], size: int) -> Operations:
    entry = {"role": "customer", "password_hash": "$argon2id$bench", "created_at": _DAWN}
    _insert(db["accounts"], ({"_id": f"acc-{n}", "email": f"{n}@example.org", **entry} for n in range(size)))
    ensure_schema(db)
    accounts, numbers = MongoAccounts(db), _anywhere(size)
    return {"find by e-mail address": lambda: accounts.by_email(f"{next(numbers)}@example.org")}


def _label_sets(_: MongoClient[Document], __: Database[Document], size: int) -> Operations:
    registry = CollectorRegistry()
    histogram = DeferredHistogram("bench_seconds", "For the benchmark only.", ["which"], registry=registry)
    for number in range(size):
        histogram.labels(str(number)).observe(0.1)
    child, renderer = histogram.labels("0"), Renderer()
    return {
        "one scrape": lambda: renderer.render(registry.collect()),
        "one observation": lambda: child.observe(0.1),
    }


def _anywhere(size: int) -> Iterator[int]:
    """Return positions spread over all data, so that a read does not repeat a recent one."""
    return (step * 7_919_317 % size for step in itertools.count())


def _insert(collection: Collection[Document], documents: Iterable[Document]) -> None:
    """Indexes do not exist yet: building them once at the end is many times faster."""
    source = iter(documents)
    while batch := list(itertools.islice(source, BATCH)):
        collection.insert_many(batch, ordered=False)
