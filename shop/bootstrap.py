"""The only module where adapters are connected to use cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import redis
import requests
from pymongo import MongoClient
from rq import Queue
from rq.serializers import JSONSerializer

from glasshouse_observability import (
    Telemetry,
    instrument_mongo,
    instrument_redis,
    instrument_requests,
    instrument_rq,
)
from shop.accounts import LogIn, Register
from shop.adapters import mongo
from shop.adapters.accounts import MongoAccounts
from shop.adapters.cache import TwoLevelCache
from shop.adapters.cache_metrics import CacheMetrics
from shop.adapters.cached_catalogue import CachedCatalogue
from shop.adapters.catalogue import MongoCatalogue
from shop.adapters.circuit import Circuit
from shop.adapters.events import TelemetryEvents
from shop.adapters.mail import Connect, KeptConnection, SmtpMailer
from shop.adapters.mongo_schema import ensure_schema
from shop.adapters.orders import MongoOrders
from shop.adapters.passwords import Argon2Passwords
from shop.adapters.payments import HttpPayments
from shop.adapters.queue import RqOrderQueue
from shop.adapters.revocations import RedisRevocations
from shop.config import Settings
from shop.ports import Browsing, Catalogue, Orders, Payments
from shop.seed import products
from shop.services import CancelOrder, FulfilOrder, PlaceOrder, RetryDeadLetter, SweepOrders

if TYPE_CHECKING:
    from faults.watch import Faults


@dataclass
class Instruments:
    """The process's instrumentation.

    It is created once, because metrics cannot be registered twice; clients may be recreated.
    """

    telemetry: Telemetry
    caches: CacheMetrics
    events: TelemetryEvents
    http: requests.Session
    mongo_client: Callable[..., MongoClient[mongo.Document]] = MongoClient

    @classmethod
    def install(cls, telemetry: Telemetry) -> Instruments:
        """Instrument the drivers of this process."""
        instrument_rq(telemetry)
        instrument_mongo(telemetry)
        instrument_redis(telemetry)
        instrument_requests(telemetry)
        http = requests.Session()
        # Payments do not use proxies or .netrc: requests would read the whole environment for them at each call.
        http.trust_env = False
        return cls(
            telemetry=telemetry,
            caches=CacheMetrics(telemetry.registry),
            events=TelemetryEvents(telemetry.registry),
            http=http,
        )


@dataclass
class Shop:
    """The wired use cases, and the functions that a process needs to run them."""

    catalogue: Catalogue
    browsing: Browsing
    orders: Orders
    place_order: PlaceOrder
    cancel_order: CancelOrder
    fulfil_order: FulfilOrder
    sweep_orders: SweepOrders
    retry_dead_letter: RetryDeadLetter
    register: Register
    log_in: LogIn
    revocations: RedisRevocations
    queue: Queue
    mongo_client: MongoClient[mongo.Document]
    redis_client: redis.Redis
    prepare: Callable[[], int]
    """Create indexes, catalogue and admin, and warm the cache; return the number of products added.

    Raises ``DatabaseUnavailable``.
    """
    start: Callable[[], None]
    """Start the background work of a long-lived process: listening for invalidations, writing views."""
    stop: Callable[[], None]
    """Stop that, and close the connections."""
    probes: dict[str, Callable[[], Any]]
    """For each dependency, a call that raises if it does not respond."""


def new_redis(settings: Settings) -> redis.Redis:
    """Return a Redis client that gives up after ``settings.redis_patience`` seconds."""
    return redis.Redis.from_url(
        settings.redis_url,
        socket_connect_timeout=settings.redis_patience,
        socket_timeout=settings.redis_patience * 2,
        health_check_interval=30,
    )


def payment_circuit(settings: Settings, client: redis.Redis) -> Circuit:
    """Return the circuit breaker of the payment service, whose state all processes of the shop share."""
    return Circuit("payments", client, open_seconds=settings.circuit_seconds)


def new_shop(settings: Settings, instruments: Instruments, faults: Faults | None = None) -> Shop:
    """Connect everything (lazily: no server needs to be up) and wire the use cases; ``faults`` wraps adapters."""
    telemetry, events = instruments.telemetry, instruments.events
    tracer = telemetry.tracer("shop")
    client = mongo.new_client(settings, instruments.mongo_client, telemetry.settings.instance)
    db = mongo.database(client, settings)
    redis_client = new_redis(settings)
    queue = Queue(settings.queue, connection=redis_client, serializer=JSONSerializer)
    new_cache: Callable[..., TwoLevelCache] = TwoLevelCache
    mail_connection = KeptConnection()
    connect: Connect = mail_connection
    circuit = payment_circuit(settings, redis_client)
    payments: Payments = HttpPayments(instruments.http, settings.payments_url, settings.payments_patience, circuit)
    if faults is not None:
        # Imported only here, so that a shop without faults does not load them.
        from shop.adapters import faulty

        new_cache = partial(faulty.FaultyCache, faults)
        payments = faulty.FaultyPayments(payments, faults)
        connect = faulty.mail_connection(faults, mail_connection)
    catalogue = CachedCatalogue(MongoCatalogue(db), redis_client, instruments.caches, settings.cache_seconds, new_cache)
    orders, accounts, passwords = MongoOrders(client, db), MongoAccounts(db), Argon2Passwords()
    order_queue = RqOrderQueue(queue)
    mailer = SmtpMailer(settings.smtp_url, settings.smtp_patience, tracer, connect)
    register = Register(accounts, passwords)

    def prepare() -> int:
        ensure_schema(db)
        added = catalogue.add_missing(products())
        if settings.admin_email and settings.admin_password:
            register.ensure_admin(settings.admin_email, settings.admin_password)
        catalogue.warm_up()
        return added

    def start() -> None:
        catalogue.invalidations.start()
        catalogue.views.start()

    def stop() -> None:
        catalogue.invalidations.stop()
        catalogue.views.stop()
        client.close()
        redis_client.close()
        mail_connection.close()

    return Shop(
        catalogue=catalogue,
        browsing=catalogue,
        orders=orders,
        place_order=PlaceOrder(catalogue, orders, order_queue, events),
        cancel_order=CancelOrder(orders, events),
        fulfil_order=FulfilOrder(orders, accounts, payments, mailer, events),
        sweep_orders=SweepOrders(orders, order_queue),
        retry_dead_letter=RetryDeadLetter(orders, order_queue, events),
        register=register,
        log_in=LogIn(accounts, passwords),
        revocations=RedisRevocations(redis_client, db),
        queue=queue,
        mongo_client=client,
        redis_client=redis_client,
        prepare=prepare,
        start=start,
        stop=stop,
        probes={"mongo": mongo.pinger(client), "redis": redis_client.ping},
    )
