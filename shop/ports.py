"""The interfaces that the use cases require, as protocols. Adapters and the fakes of tests implement them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shop.domain.account import Account, Role
from shop.domain.order import Order, OrderStatus
from shop.domain.product import Product


class Catalogue(Protocol):
    """The catalogue of products. Every method may raise ``DatabaseUnavailable``."""

    def get(self, product_id: str) -> Product:
        """Return the product. Raises ``NotFound``."""

    def get_many(self, product_ids: Iterable[str]) -> dict[str, Product]:
        """Return those products that exist, by id, at current prices."""

    def page(self, limit: int, after: str | None) -> list[Product]:
        """Return at most ``limit`` products by id, starting after the id ``after``."""

    def search(self, words: str, limit: int) -> list[Product]:
        """Return at most ``limit`` products that match the words, best match first."""

    def best_sellers(self, limit: int) -> list[Product]:
        """Return at most ``limit`` products, most viewed first."""

    def add(self, product: Product) -> Product:
        """Add a new product. Raises ``ProductExists``."""

    def change(self, product_id: str, price_cents: int | None = None, stock: int | None = None) -> Product:
        """Change price or stock; ``None`` leaves a value unchanged. Raises ``NotFound``."""

    def add_missing(self, products: Iterable[Product]) -> int:
        """Add missing products; existing ones keep price and stock. Returns how many were added."""

    def add_views(self, views: dict[str, int]) -> None:
        """Add to the number of views of products."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A product as read by a caller: a copy, ``age`` seconds old; ``stale`` if it has expired."""

    product: Product
    age: float = 0.0
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Home:
    """The content of the front page, and the age of its oldest part."""

    best_sellers: list[Product]
    first_page: list[Product]
    age: float = 0.0
    stale: bool = False


class Browsing(Protocol):
    """Browsing: reads from copies that may be slightly old. May raise ``DatabaseUnavailable``."""

    def look_at(self, product_id: str) -> Seen:
        """Return a product. Raises ``NotFound``."""

    def look_through(self, limit: int, after: str | None) -> tuple[list[Product], float, bool]:
        """Return a page of the catalogue, its age in seconds, and whether it has expired."""

    def home(self) -> Home:
        """Return the front page."""


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """The filter of a list of orders; ``None`` filters nothing."""

    customer_id: str | None = None
    status: OrderStatus | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None


class Orders(Protocol):
    """Orders and the stock reserved for them. Every method may raise ``DatabaseUnavailable``."""

    def add(self, order: Order, due_at: datetime) -> Order:
        """Store the order durably; if the customer has one with the same idempotency key, return that one instead."""

    def get(self, order_id: str) -> Order:
        """Return the order. Raises ``NotFound``."""

    def page(self, wanted: OrderFilter, limit: int, after: str | None) -> list[Order]:
        """Return at most ``limit`` orders, newest first, starting after the id ``after``."""

    def claim(self, order_id: str, now: datetime, until: datetime) -> Order | None:
        """Lease the order until then and add a strike; ``None`` if it is finished or leased by another worker."""

    def reserve(self, order: Order, now: datetime) -> Order:
        """Reserve a pending order's stock and mark it reserved, both or neither.

        Raises ``OutOfStock``, ``StaleOrder``.
        """

    def advance(self, order: Order, to: Sequence[OrderStatus], now: datetime, charge_id: str | None = None) -> Order:
        """Mark the order's next states, all or none. Raises ``StaleOrder``."""

    def fail(self, order: Order, reason: str, now: datetime) -> Order:
        """Mark the order failed and return its stock, both or neither. Raises ``StaleOrder``."""

    def cancel(self, order: Order, now: datetime) -> Order:
        """Mark a pending order cancelled. Raises ``StaleOrder``."""

    def mark_notified(self, order: Order, now: datetime) -> Order:
        """Record that the customer of a confirmed order was notified; nothing is left to do."""

    def postpone(self, order: Order, due_at: datetime, excused: bool) -> None:
        """Release the lease; the order is due again at that time. ``excused`` removes its strikes."""

    def bury(self, order: Order, reason: str, now: datetime) -> Order:
        """Make the order a dead letter: no worker processes it until it is retried."""

    def revive(self, order_id: str, now: datetime) -> Order:
        """Make a dead letter due immediately, without strikes. Raises ``NotFound``."""

    def dead_letters(self, limit: int, after: str | None) -> list[Order]:
        """Return at most ``limit`` dead letters by id, starting after the id ``after``."""

    def due(self, now: datetime, limit: int) -> list[Order]:
        """Return orders with work left that no worker processes, the longest due first."""

    def backlog(self, now: datetime) -> Backlog:
        """Return the size and age of the backlog."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """Unfinished orders and dead letters.

    ``mails_waiting`` of the unfinished orders are confirmed and lack only their mail; ``oldest_seconds`` is the time
    since the oldest of the others was placed.
    """

    unfinished: int
    mails_waiting: int
    oldest_seconds: float
    dead_letters: int


class Accounts(Protocol):
    """Accounts. Every method may raise ``DatabaseUnavailable``."""

    def add(self, account: Account) -> None:
        """Store a new account. Raises ``EmailTaken``."""

    def by_email(self, email: str) -> Account | None:
        """Return the account with this (normalised) address."""

    def get(self, account_id: str) -> Account:
        """Return the account. Raises ``NotFound``."""

    def set_role(self, account_id: str, role: Role) -> None:
        """Change the role of the account."""


class Passwords(Protocol):
    """Hashing of passwords."""

    def hashed(self, password: str) -> str:
        """Return a salted hash that is slow to guess."""

    def matches(self, password_hash: str | None, password: str) -> bool:
        """Return whether the password matches the hash; takes as long for ``None``, which matches nothing."""


class Revocations(Protocol):
    """Tokens that must no longer be accepted. Every method may raise ``RevocationsUnavailable``."""

    def revoke(self, token_ids: Sequence[str], until: datetime) -> None:
        """Revoke tokens (or families of tokens) until the time when they expire anyway."""

    def any_revoked(self, token_ids: Sequence[str]) -> bool:
        """Return whether one of them was revoked."""

    def use_once(self, token_id: str, until: datetime) -> bool:
        """Mark a token as used: ``True`` for its first use, ``False`` for all others, even if two are simultaneous."""


class OrderQueue(Protocol):
    """The queue from the API to the workers."""

    def enqueue(self, order: Order) -> None:
        """Request the order's fulfilment; repeating the request does no harm. Raises ``QueueUnavailable``."""

    def missing(self, orders: Sequence[Order]) -> list[Order]:
        """Return those orders that are not in the queue, whatever the state of their jobs.

        Raises ``QueueUnavailable``.
        """


class Payments(Protocol):
    """The payment provider."""

    def charge(self, order: Order) -> str:
        """Charge the order's total, only once even if called repeatedly, and return the charge's id.

        Raises:
            PaymentDeclined: the provider rejects the charge permanently. PaymentUnavailable: it is unknown whether the
            charge was made; retry.
        """


class Mailer(Protocol):
    """Mail to customers."""

    def confirm(self, order: Order, address: str | None) -> None:
        """Send the confirmation to ``address``, or to a guest's mailbox. Raises ``MailUnavailable``."""


class Events(Protocol):
    """The events of the shop, for logs, metrics and spans."""

    def accepted(self, order: Order) -> None:
        """The order was accepted."""

    def not_enqueued(self, order: Order) -> None:
        """The queue did not accept the order; the sweeper will enqueue it."""

    def advanced(self, order: Order) -> None:
        """The order reached a new state."""

    def waiting(self, order: Order, why: str, due_at: datetime) -> None:
        """A dependency is down; the order is retried at ``due_at``."""

    def buried(self, order: Order, why: str) -> None:
        """The order became a dead letter."""

    def revived(self, order: Order) -> None:
        """A dead letter is retried."""

    def mailed(self, order: Order) -> None:
        """The confirmation was sent to the customer."""
