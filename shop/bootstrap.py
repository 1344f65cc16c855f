"""The only place where adapters meet use cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import redis
from pymongo import MongoClient
from rq import Queue
from rq.serializers import JSONSerializer

from observability.database import DatabaseMetrics
from observability.http_client import ObservedSession, instrument_http_client
from observability.mongo import instrument_mongo
from observability.redis_client import ObservedRedis, instrument_redis
from observability.telemetry import Telemetry
from shop.adapters import mongo
from shop.adapters.cache import NAME as PRODUCT_CACHE
from shop.adapters.cache import CachedCatalogue
from shop.adapters.catalogue import MongoCatalogue
from shop.adapters.events import TelemetryEvents
from shop.adapters.mail import SmtpMailer
from shop.adapters.orders import MongoOrders
from shop.adapters.payments import HttpPayments
from shop.adapters.queue import RqOrderQueue
from shop.config import Settings
from shop.ports import Catalogue, Orders
from shop.seed import products
from shop.services import FulfilOrder, PlaceOrder, SweepOrders


@dataclass
class Instruments:
    """The process's instrumentation, made once: metrics may not be registered twice, clients may be made anew."""

    telemetry: Telemetry
    metrics: DatabaseMetrics
    mongo_listeners: list[Any]
    redis_from_url: Callable[..., ObservedRedis]
    http: ObservedSession
    events: TelemetryEvents

    @classmethod
    def install(cls, telemetry: Telemetry) -> Instruments:
        """Instrument the drivers of this process."""
        metrics = DatabaseMetrics(telemetry.registry)
        metrics.declare_cache(PRODUCT_CACHE)
        return cls(
            telemetry=telemetry,
            metrics=metrics,
            mongo_listeners=instrument_mongo(telemetry, metrics),
            redis_from_url=instrument_redis(telemetry, metrics),
            http=instrument_http_client(telemetry),
            events=TelemetryEvents(telemetry.registry),
        )


@dataclass
class Shop:
    """The use cases, wired, and what a process needs to look after them."""

    catalogue: Catalogue
    orders: Orders
    place_order: PlaceOrder
    fulfil_order: FulfilOrder
    sweep_orders: SweepOrders
    queue: Queue
    mongo_client: MongoClient[dict[str, Any]]
    redis_client: redis.Redis
    prepare: Callable[[], int]
    """Make indexes and seed the catalogue; returns how many products were added. Raises ``DatabaseUnavailable``."""
    probes: dict[str, Callable[[], Any]]
    """Per dependency a call that raises when it does not answer."""

    def close(self) -> None:
        """Close the connections."""
        self.mongo_client.close()
        self.redis_client.close()


def new_redis(settings: Settings, instruments: Instruments) -> ObservedRedis:
    """A Redis client that gives up within ``settings.redis_patience`` seconds."""
    return instruments.redis_from_url(
        settings.redis_url,
        socket_connect_timeout=settings.redis_patience,
        socket_timeout=settings.redis_patience * 2,
        health_check_interval=30,
    )


def new_shop(settings: Settings, instruments: Instruments) -> Shop:
    """Connect everything (lazily: no server needs to be up) and wire the use cases."""
    telemetry = instruments.telemetry
    tracer = telemetry.tracer("shop")
    client = mongo.new_client(settings, instruments.mongo_listeners, telemetry.settings.instance)
    db = mongo.database(client, settings)
    redis_client = new_redis(settings, instruments)
    queue = Queue(settings.queue, connection=redis_client, serializer=JSONSerializer)
    catalogue = CachedCatalogue(MongoCatalogue(db), redis_client, instruments.metrics, settings.cache_seconds)
    orders = MongoOrders(client, db)
    order_queue = RqOrderQueue(queue, tracer)
    payments = HttpPayments(instruments.http, settings.payments_url, settings.payments_patience)
    mailer = SmtpMailer(settings.smtp_url, settings.smtp_patience, tracer)

    def prepare() -> int:
        mongo.ensure_indexes(db)
        return catalogue.add_missing(products())

    return Shop(
        catalogue=catalogue,
        orders=orders,
        place_order=PlaceOrder(catalogue, orders, order_queue, instruments.events),
        fulfil_order=FulfilOrder(orders, payments, mailer, instruments.events),
        sweep_orders=SweepOrders(orders, order_queue),
        queue=queue,
        mongo_client=client,
        redis_client=redis_client,
        prepare=prepare,
        probes={"mongo": mongo.pinger(client), "redis": redis_client.ping},
    )
