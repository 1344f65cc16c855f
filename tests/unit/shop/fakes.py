"""In-memory implementations of the shop's ports. ``tests/contracts/`` tests them and the real adapters alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from shop.domain.errors import (
    MailUnavailable,
    PaymentDeclined,
    PaymentUnavailable,
    QueueUnavailable,
)
from shop.domain.order import Order
from tests.unit.shop.fake_catalogue import LAMP, MUG, FakeCatalogue
from tests.unit.shop.fake_orders import FakeOrders
from tests.unit.shop.fake_people import FakeAccounts, FakePasswords, FakeRevocations

__all__ = [
    "LAMP",
    "MUG",
    "START",
    "FakeAccounts",
    "FakeCatalogue",
    "FakeClock",
    "FakeEvents",
    "FakeMailer",
    "FakeOrders",
    "FakePasswords",
    "FakePayments",
    "FakeQueue",
    "FakeRevocations",
]

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class FakeClock:
    """A clock that moves only when ``forward`` is called."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class FakeQueue:
    """Orders in a list until a worker takes them; ``enqueued`` lists every order that was ever in the queue."""

    waiting: list[str] = field(default_factory=list)
    enqueued: list[str] = field(default_factory=list)
    down: bool = False

    def enqueue(self, order: Order) -> None:
        self._answer()
        if order.id not in self.waiting:
            self.waiting.append(order.id)
            self.enqueued.append(order.id)

    def missing(self, orders: Sequence[Order]) -> list[Order]:
        self._answer()
        return [order for order in orders if order.id not in self.waiting]

    def take(self) -> str | None:
        """Take the first order, as a worker does; return ``None`` if there is none."""
        return self.waiting.pop(0) if self.waiting else None

    def _answer(self) -> None:
        if self.down:
            raise QueueUnavailable("down")


@dataclass
class FakePayments:
    """A payment service that charges once per order, as the real one does."""

    charges: dict[str, int] = field(default_factory=dict)
    calls: int = 0
    down: bool = False
    declines: bool = False

    def charge(self, order: Order) -> str:
        self.calls += 1
        if self.down:
            raise PaymentUnavailable("down")
        if self.declines:
            raise PaymentDeclined("declined")
        self.charges.setdefault(order.id, order.total_cents)
        return f"ch_{order.id}"


@dataclass
class FakeMailer:
    """A mailer that records its recipients."""

    sent: list[str] = field(default_factory=list)
    addresses: list[str | None] = field(default_factory=list)
    down: bool = False

    def confirm(self, order: Order, address: str | None) -> None:
        if self.down:
            raise MailUnavailable("down")
        self.sent.append(order.id)
        self.addresses.append(address)


@dataclass
class FakeEvents:
    """A recorder that stores each event as words."""

    recorded: list[str] = field(default_factory=list)

    def accepted(self, order: Order) -> None:
        self.recorded.append("accepted")

    def not_enqueued(self, order: Order) -> None:
        self.recorded.append("not enqueued")

    def advanced(self, order: Order) -> None:
        self.recorded.append(str(order.status))

    def waiting(self, order: Order, why: str, due_at: datetime) -> None:
        self.recorded.append(f"waiting: {why}")

    def buried(self, order: Order, why: str) -> None:
        self.recorded.append(f"buried: {why}")

    def revived(self, order: Order) -> None:
        self.recorded.append("revived")

    def mailed(self, order: Order) -> None:
        self.recorded.append("mailed")
