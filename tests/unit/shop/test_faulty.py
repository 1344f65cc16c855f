"""Adapters with injected faults."""

from __future__ import annotations

import logging
import smtplib
import zlib
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shop.adapters import faulty
from shop.adapters.faulty import FaultyPayments, PoisonJob
from shop.adapters.mail import KeptConnection, SmtpMailer
from shop.domain.errors import MailUnavailable
from shop.domain.order import OrderStatus
from shop.domain.retry import MAX_STRIKES
from tests.unit.faults.fakes import FakeFaults
from tests.unit.shop.fakes import LAMP, FakePayments
from tests.unit.shop.test_services import World


class Killed(BaseException):
    """An exception in place of the end of the process."""


def killed() -> None:
    raise Killed


@pytest.fixture
def faults() -> FakeFaults:
    return FakeFaults()


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Collect the spans of code that gets its tracer from OpenTelemetry."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    return exporter


def broken(world: World, faults: FakeFaults) -> FakePayments:
    """Charge the world's orders through the faults; return the payment service behind them."""
    behind = world.payments
    world.fulfil._payments = FaultyPayments(behind, faults, killed)  # type: ignore[arg-type]
    return behind


@pytest.fixture
def world() -> World:
    return World()


def test_off_everything_is_as_without(world: World, faults: FakeFaults) -> None:
    """Without a fault an order is charged and confirmed."""
    behind = broken(world, faults)
    order = world.place([(LAMP.id, 1)])
    world.fulfil(order.id)
    assert world.orders.get(order.id).status is OrderStatus.CONFIRMED
    assert behind.calls == 1


def test_a_worker_crashes_once_between_charge_and_confirmation(
    world: World, faults: FakeFaults, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker that crashes between charge and record leaves an order that the next attempt finishes.

    The order is charged once in total.
    """
    behind = broken(world, faults)
    faults.switch("worker-crash", percent=100)
    order = world.place([(LAMP.id, 1)])
    with pytest.raises(Killed), caplog.at_level(logging.WARNING):
        world.fulfil(order.id)
    assert behind.charges == {order.id: LAMP.price_cents}
    assert world.orders.get(order.id).status is OrderStatus.RESERVED
    (line,) = caplog.records
    assert (line.__dict__["fault_injected"], line.__dict__["order_id"]) == ("worker-crash", order.id)
    world.clock.forward(minutes=5)
    world.fulfil(order.id)
    assert world.orders.get(order.id).status is OrderStatus.CONFIRMED
    assert (behind.calls, len(behind.charges)) == (2, 1)


def test_a_poison_order_fails_until_it_is_a_dead_letter(
    world: World, faults: FakeFaults, spans: InMemorySpanExporter
) -> None:
    """A poisoned order fails at every attempt until it is dead-lettered, without a charge.

    Each attempt leaves a marked span.
    """
    behind = broken(world, faults)
    faults.switch("poison-job", percent=100)
    order = world.place([(LAMP.id, 1)])
    # The first attempt completes a step, the reservation, which clears its strike.
    for _ in range(1 + MAX_STRIKES):
        with pytest.raises(PoisonJob):
            world.fulfil(order.id)
        world.clock.forward(hours=1)
    assert world.orders.get(order.id).dead_letter is not None
    assert behind.calls == 0
    assert {(span.attributes or {})["fault.injected"] for span in spans.get_finished_spans()} == {"poison-job"}


def test_the_same_orders_are_poison_each_time(world: World, faults: FakeFaults, spans: InMemorySpanExporter) -> None:
    """The order's ID decides which orders are poisoned, so that the same orders fail at each attempt.

    About the requested share is poisoned, and the other orders are charged.
    """
    payments = FaultyPayments(world.payments, faults, killed)  # type: ignore[arg-type]
    faults.switch("poison-job", percent=25)
    orders = [world.place([(LAMP.id, 1)]) for _ in range(8)]

    def poisoned() -> set[str]:
        found = set()
        for order in orders:
            try:
                payments.charge(order)
            except PoisonJob:
                found.add(order.id)
        return found

    first = poisoned()
    assert first == poisoned()
    assert first == {order.id for order in orders if zlib.crc32(order.id.encode()) / 2**32 < 0.25}


def test_a_mail_server_that_is_down_refuses(world: World, faults: FakeFaults, spans: InMemorySpanExporter) -> None:
    """An injected mail outage fails like a real one: the mail is postponed and the span names the fault."""
    connected: list[Any] = []

    def connect(*args: Any, **_: Any) -> smtplib.SMTP:
        connected.append(args)
        raise ConnectionRefusedError("no server there")

    lent = faulty.mail_connection(faults, KeptConnection(connect))  # type: ignore[arg-type]
    mailer = SmtpMailer("smtp://127.0.0.1:1", 1.0, trace.get_tracer("test"), lent)
    order = world.place([(LAMP.id, 1)])
    for _ in range(2):
        with pytest.raises(MailUnavailable):
            mailer.confirm(order, "ann@example.com")
        faults.switch("email-down", percent=100)
    assert len(connected) == 1
    marks = [(span.attributes or {}).get("fault.injected") for span in spans.get_finished_spans()]
    assert marks == [None, "email-down"]
