"""The shop's adapters on real servers, and on servers that do not exist."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from shop import ports
from shop.adapters import mongo
from shop.adapters.catalogue import MongoCatalogue
from shop.adapters.mongo_schema import ensure_schema
from shop.adapters.orders import MongoOrders
from shop.config import Settings
from tests.contracts.samples import PRODUCTS
from tests.ports import free_port

Client = MongoClient[dict[str, Any]]
Db = Database[dict[str, Any]]


@pytest.fixture(scope="module")
def schema(mongo_url: str) -> Iterator[tuple[Client, Db]]:
    """Return a database for the module, with indexes and validators, because creating them takes longer than a test."""
    settings = Settings(mongo_url=mongo_url, mongo_database=f"contracts-{uuid.uuid4().hex[:8]}")
    with Client(mongo_url, tz_aware=True) as client:
        db = mongo.database(client, settings)
        ensure_schema(db)
        yield client, db
        client.drop_database(db.name)


@pytest.fixture
def client(schema: tuple[Client, Db]) -> Client:
    return schema[0]


@pytest.fixture
def db(schema: tuple[Client, Db]) -> Db:
    """Return the database, empty."""
    for name in schema[1].list_collection_names():
        schema[1][name].delete_many({})
    return schema[1]


@pytest.fixture
def client_down() -> Iterator[Client]:
    """Return a client of a server that does not exist."""
    with Client(f"mongodb://127.0.0.1:{free_port()}/", serverSelectionTimeoutMS=50) as client:
        yield client


@pytest.fixture
def db_down(client_down: Client) -> Db:
    return mongo.database(client_down, Settings())


@pytest.fixture
def catalogue(db: Db) -> ports.Catalogue:
    catalogue = MongoCatalogue(db)
    catalogue.add_missing(PRODUCTS)
    return catalogue


@pytest.fixture
def orders(client: Client, db: Db, catalogue: ports.Catalogue) -> ports.Orders:
    return MongoOrders(client, db)
