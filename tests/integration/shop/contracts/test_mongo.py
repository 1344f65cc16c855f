"""The adapters of MongoDB and Redis fulfil the contracts of their ports."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import redis
from prometheus_client import CollectorRegistry

from shop import ports
from shop.adapters.accounts import MongoAccounts
from shop.adapters.cache_metrics import CacheMetrics
from shop.adapters.cached_catalogue import CachedCatalogue
from shop.adapters.catalogue import MongoCatalogue
from shop.adapters.orders import MongoOrders
from shop.adapters.revocations import RedisRevocations
from tests.contracts.catalogue import BrowsingContract, CatalogueContract
from tests.contracts.orders import OrdersContract
from tests.contracts.people import AccountsContract, RevocationsContract
from tests.contracts.work import WorkContract
from tests.integration.conftest import Server
from tests.integration.shop.contracts.conftest import Client, Db


@pytest.fixture
def cached(redis_server: tuple[str, Server]) -> Iterator[Callable[[ports.Catalogue], CachedCatalogue]]:
    """Put caches in front of a catalogue."""
    with redis.Redis.from_url(redis_server[0], socket_timeout=1) as client:
        yield lambda catalogue: CachedCatalogue(catalogue, client, CacheMetrics(CollectorRegistry()), 60.0)


class TestMongoCatalogue(CatalogueContract):
    @pytest.fixture
    def catalogue_down(self, db_down: Db) -> ports.Catalogue:
        return MongoCatalogue(db_down)


class TestCachedCatalogue(CatalogueContract):
    """Browsing reads from a cache, and changes are written through it."""

    @pytest.fixture
    def catalogue(
        self, catalogue: ports.Catalogue, cached: Callable[[ports.Catalogue], CachedCatalogue]
    ) -> ports.Catalogue:
        return cached(catalogue)

    @pytest.fixture
    def catalogue_down(self, db_down: Db, cached: Callable[[ports.Catalogue], CachedCatalogue]) -> ports.Catalogue:
        return cached(MongoCatalogue(db_down))


class TestCachedBrowsing(BrowsingContract):
    @pytest.fixture
    def browsing(
        self, catalogue: ports.Catalogue, cached: Callable[[ports.Catalogue], CachedCatalogue]
    ) -> ports.Browsing:
        return cached(catalogue)

    @pytest.fixture
    def browsing_down(self, db_down: Db, cached: Callable[[ports.Catalogue], CachedCatalogue]) -> ports.Browsing:
        return cached(MongoCatalogue(db_down))


class TestMongoOrders(OrdersContract, WorkContract):
    @pytest.fixture
    def orders_down(self, client_down: Client, db_down: Db) -> ports.Orders:
        return MongoOrders(client_down, db_down, longest_transaction=0.1)


class TestMongoAccounts(AccountsContract):
    @pytest.fixture
    def accounts(self, db: Db) -> ports.Accounts:
        return MongoAccounts(db)

    @pytest.fixture
    def accounts_down(self, db_down: Db) -> ports.Accounts:
        return MongoAccounts(db_down)


class TestRedisRevocations(RevocationsContract):
    """Revocations fulfil their contract with Redis, and with only MongoDB while Redis is down."""

    @pytest.fixture(params=["redis is up", "redis is down"])
    def revocations(
        self, request: pytest.FixtureRequest, redis_server: tuple[str, Server], db: Db
    ) -> Iterator[ports.Revocations]:
        if request.param == "redis is down":
            redis_server[1].kill()
        with redis.Redis.from_url(redis_server[0], socket_timeout=1) as client:
            yield RedisRevocations(client, db)

    @pytest.fixture
    def revocations_down(self, redis_server: tuple[str, Server], db_down: Db) -> Iterator[ports.Revocations]:
        redis_server[1].kill()
        with redis.Redis.from_url(redis_server[0], socket_timeout=1) as client:
            yield RedisRevocations(client, db_down)
