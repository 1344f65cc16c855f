"""What the use cases need from the world, as protocols. Adapters and the fakes of tests implement them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from shop.domain.order import Order, OrderStatus
from shop.domain.product import Product


class Catalogue(Protocol):
    """Products on sale. Every method may raise ``DatabaseUnavailable``."""

    def get(self, product_id: str) -> Product:
        """The product. Raises ``NotFound``."""

    def get_many(self, product_ids: Iterable[str]) -> dict[str, Product]:
        """Those of the products that exist, by id, at the prices of now."""

    def page(self, limit: int, after: str | None) -> list[Product]:
        """At most ``limit`` products by id, from the one behind ``after``."""

    def add_missing(self, products: Iterable[Product]) -> int:
        """Add the products that are not there yet; existing ones keep price and stock. Returns how many were added."""


class Orders(Protocol):
    """Orders and the stock they hold. Every method may raise ``DatabaseUnavailable``."""

    def add(self, order: Order, due_at: datetime) -> Order:
        """Promise the order durably. One with the same idempotency key is returned instead, if there is one."""

    def get(self, order_id: str) -> Order:
        """The order. Raises ``NotFound``."""

    def claim(self, order_id: str, now: datetime, until: datetime) -> Order | None:
        """The order, leased until then; ``None`` if it is finished or leased by another."""

    def reserve(self, order: Order, now: datetime) -> Order:
        """Take a pending order's stock and mark it reserved, both or none. Raises ``OutOfStock``, ``StaleOrder``."""

    def advance(self, order: Order, to: OrderStatus, now: datetime, charge_id: str | None = None) -> Order:
        """Mark the order's next state. Raises ``StaleOrder``."""

    def fail(self, order: Order, reason: str, now: datetime) -> Order:
        """Mark the order failed and give its stock back, both or none. Raises ``StaleOrder``."""

    def mark_told(self, order: Order, now: datetime) -> Order:
        """Note that the customer of a confirmed order has been written to; nothing is left to do."""

    def postpone(self, order: Order, due_at: datetime) -> None:
        """Give the lease back; the order is due again at that time."""

    def due(self, now: datetime, limit: int) -> list[Order]:
        """Orders on which work is left and nobody works, the longest due first."""


class OrderQueue(Protocol):
    """The way from the API to the workers."""

    def enqueue(self, order: Order) -> None:
        """Ask for the order's fulfilment; asking twice does no harm. Raises ``QueueUnavailable``."""


class Payments(Protocol):
    """The payment provider."""

    def charge(self, order: Order) -> str:
        """Charge the order's total, once however often it is asked, and return the charge's id.

        Raises:
            PaymentDeclined: the provider refuses for good.
            PaymentUnavailable: it is not known whether the charge was made; ask again.
        """


class Mailer(Protocol):
    """Mail to customers."""

    def confirm(self, order: Order) -> None:
        """Send the confirmation. Raises ``MailUnavailable``."""


class Events(Protocol):
    """What happens to orders, for those who watch: logs, metrics, spans."""

    def accepted(self, order: Order) -> None:
        """The order was promised."""

    def not_enqueued(self, order: Order) -> None:
        """The queue did not take the order; the sweeper will."""

    def advanced(self, order: Order) -> None:
        """The order reached a new state."""

    def waiting(self, order: Order, why: str, due_at: datetime) -> None:
        """A dependency is down; the order is tried again at ``due_at``."""
