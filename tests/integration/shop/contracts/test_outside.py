"""The adapters of RQ, the payment service and SMTP fulfil the contracts of their ports."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
import requests
from aiosmtpd.controller import Controller
from opentelemetry import trace
from prometheus_client import CollectorRegistry
from rq import Queue
from rq.serializers import JSONSerializer
from werkzeug.serving import BaseWSGIServer, make_server

from glasshouse_observability import Telemetry
from payments.factory import create_app
from payments.ledger import Ledger
from shop import ports
from shop.adapters.circuit import Circuit
from shop.adapters.events import TelemetryEvents
from shop.adapters.mail import KeptConnection, SmtpMailer
from shop.adapters.payments import HttpPayments
from shop.adapters.queue import RqOrderQueue
from tests.contracts.outside import EventsContract, MailerContract, PaymentsContract, QueueContract
from tests.integration.conftest import Server
from tests.integration.shop.contracts.conftest import Client, Db
from tests.ports import free_port

TRACER = trace.get_tracer("test")


@pytest.fixture
def redis_client(redis_server: tuple[str, Server]) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_server[0], socket_timeout=1) as client:
        yield client


class TestRqOrderQueue(QueueContract):
    @pytest.fixture
    def rq(self, redis_client: redis.Redis) -> Queue:
        return Queue("orders", connection=redis_client, serializer=JSONSerializer)

    @pytest.fixture
    def queue(self, rq: Queue) -> ports.OrderQueue:
        return RqOrderQueue(rq)

    @pytest.fixture
    def take(self, rq: Queue) -> Callable[[], str | None]:
        """Take a job like RQ's worker: the job itself stays in Redis while it runs."""

        def take() -> str | None:
            found = Queue.dequeue_any([rq], timeout=None, connection=rq.connection, serializer=JSONSerializer)
            return str(found[0].args[0]) if found else None

        return take

    @pytest.fixture
    def queue_down(self, rq: Queue, redis_server: tuple[str, Server]) -> ports.OrderQueue:
        redis_server[1].kill()
        return RqOrderQueue(rq)


class TestHttpPayments(PaymentsContract):
    @pytest.fixture
    def ledger(self, client: Client, db: Db) -> Ledger:
        ledger = Ledger(client, db.name, CollectorRegistry())
        ledger.charges.delete_many({})
        ledger.prepare()
        return ledger

    @pytest.fixture
    def serve(self, ledger: Ledger, telemetry: Telemetry) -> Iterator[Callable[[int], int]]:
        """Start the payment service with a limit in cents; return its port."""
        servers: list[tuple[BaseWSGIServer, threading.Thread]] = []

        def start(limit_cents: int) -> int:
            server = make_server("127.0.0.1", 0, create_app(ledger, telemetry, limit_cents), threaded=True)
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            servers.append((server, thread))
            return server.server_port

        yield start
        for server, thread in servers:
            server.shutdown()
            thread.join(10)
            server.server_close()

    @pytest.fixture
    def adapter(self, redis_client: redis.Redis) -> Iterator[Callable[[int], HttpPayments]]:
        """Return the payments adapter for the service at a port."""
        with requests.Session() as session:
            circuit = Circuit("payments", redis_client)
            yield lambda port: HttpPayments(session, f"http://127.0.0.1:{port}", 5.0, circuit)

    @pytest.fixture
    def payments(self, serve: Callable[[int], int], adapter: Callable[[int], HttpPayments]) -> ports.Payments:
        return adapter(serve(10**9))

    @pytest.fixture
    def charged(self, ledger: Ledger) -> Callable[[], list[int]]:
        return lambda: [one["amount_cents"] for one in ledger.charges.find()]

    @pytest.fixture
    def payments_declining(self, serve: Callable[[int], int], adapter: Callable[[int], HttpPayments]) -> ports.Payments:
        return adapter(serve(0))

    @pytest.fixture
    def payments_down(self, adapter: Callable[[int], HttpPayments]) -> ports.Payments:
        return adapter(free_port())


class MailServer:
    """aiosmtpd's handler, which records the recipients of mail."""

    def __init__(self) -> None:
        self.addresses: list[str | None] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        self.addresses += envelope.rcpt_tos
        return "250 OK"


class TestSmtpMailer(MailerContract):
    @pytest.fixture
    def connection(self) -> Iterator[KeptConnection]:
        connection = KeptConnection()
        yield connection
        connection.close()

    @pytest.fixture
    def server(self) -> Iterator[tuple[MailServer, int]]:
        handler, port = MailServer(), free_port()
        controller = Controller(handler, hostname="127.0.0.1", port=port, ready_timeout=10)
        controller.start()
        yield handler, port
        controller.stop()

    @pytest.fixture
    def mailer(self, server: tuple[MailServer, int], connection: KeptConnection) -> ports.Mailer:
        return SmtpMailer(f"smtp://127.0.0.1:{server[1]}", 5.0, TRACER, connection)

    @pytest.fixture
    def addresses(self, server: tuple[MailServer, int]) -> Callable[[], list[str | None]]:
        return lambda: server[0].addresses

    @pytest.fixture
    def mailer_down(self, connection: KeptConnection) -> ports.Mailer:
        return SmtpMailer(f"smtp://127.0.0.1:{free_port()}", 5.0, TRACER, connection)


class TestTelemetryEvents(EventsContract):
    @pytest.fixture
    def events(self) -> ports.Events:
        return TelemetryEvents(CollectorRegistry())
