"""The shop wired to real servers; its payment service and mail server are fakes of their ports."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import redis
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry

from glasshouse_observability import (
    Telemetry,
    TelemetrySettings,
    uninstrument_mongo,
    uninstrument_redis,
    uninstrument_requests,
    uninstrument_rq,
)
from shop.adapters.cache_metrics import CacheMetrics
from shop.adapters.cached_catalogue import CachedCatalogue
from shop.bootstrap import Instruments, Shop, new_shop
from shop.config import Settings
from tests.integration.conftest import Server
from tests.integration.shop.caches import Replica, SlowCatalogue


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def telemetry(exporter: InMemorySpanExporter) -> Telemetry:
    return Telemetry(TelemetrySettings(service="test", instance="test-1"), exporter=exporter)


@pytest.fixture
def instruments(telemetry: Telemetry) -> Iterator[Instruments]:
    yield Instruments.install(telemetry)
    uninstrument_rq()
    for uninstrument in (uninstrument_mongo, uninstrument_redis, uninstrument_requests):
        uninstrument()


@pytest.fixture
def settings(mongo_url: str, redis_server: tuple[str, Server]) -> Settings:
    """Return a separate database for the test on the shared MongoDB."""
    database = f"test-{uuid.uuid4().hex[:12]}"
    return replace(Settings(), mongo_url=mongo_url, mongo_database=database, redis_url=redis_server[0])


@pytest.fixture
def shop(settings: Settings, instruments: Instruments) -> Iterator[Shop]:
    shop = new_shop(settings, instruments)
    shop.prepare()
    yield shop
    shop.mongo_client.drop_database(settings.mongo_database)
    shop.stop()


@pytest.fixture
def database() -> SlowCatalogue:
    return SlowCatalogue()


@pytest.fixture
def replica(redis_server: tuple[str, Server], database: SlowCatalogue) -> Iterator[Callable[[], Replica]]:
    catalogues: list[CachedCatalogue] = []

    def make(seconds: float = 60.0) -> Replica:
        registry = CollectorRegistry()
        client = redis.Redis.from_url(redis_server[0], socket_timeout=1, socket_connect_timeout=0.5)
        catalogue = CachedCatalogue(database, client, CacheMetrics(registry), seconds)
        catalogues.append(catalogue)
        return Replica(catalogue, registry)

    yield make
    for catalogue in catalogues:
        catalogue.invalidations.stop()
