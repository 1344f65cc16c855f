"""What the use cases need from the world, as protocols. Adapters and the fakes of tests implement them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shop.domain.account import Account, Role
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

    def search(self, words: str, limit: int) -> list[Product]:
        """At most ``limit`` products that match the words, the best match first."""

    def best_sellers(self, limit: int) -> list[Product]:
        """At most ``limit`` products, the most viewed first."""

    def add(self, product: Product) -> Product:
        """Put a new product on sale. Raises ``ProductExists``."""

    def change(self, product_id: str, price_cents: int | None = None, stock: int | None = None) -> Product:
        """Change price or stock; what is ``None`` stays. Raises ``NotFound``."""

    def add_missing(self, products: Iterable[Product]) -> int:
        """Add the products that are not there yet; existing ones keep price and stock. Returns how many were added."""

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
    """What the front page shows, and how old the oldest part of it is."""

    best_sellers: list[Product]
    first_page: list[Product]
    age: float = 0.0
    stale: bool = False


class Browsing(Protocol):
    """Looking at products, from copies that may be a little old. May raise ``DatabaseUnavailable``."""

    def look_at(self, product_id: str) -> Seen:
        """A product. Raises ``NotFound``."""

    def look_through(self, limit: int, after: str | None) -> tuple[list[Product], float, bool]:
        """A page of the catalogue, its age in seconds, and whether it is past its time."""

    def home(self) -> Home:
        """The front page."""


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders a list shows; ``None`` filters nothing."""

    customer_id: str | None = None
    status: OrderStatus | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None


class Orders(Protocol):
    """Orders and the stock they hold. Every method may raise ``DatabaseUnavailable``."""

    def add(self, order: Order, due_at: datetime) -> Order:
        """Promise the order durably. One with the same customer and idempotency key is returned instead, if any."""

    def get(self, order_id: str) -> Order:
        """The order. Raises ``NotFound``."""

    def page(self, wanted: OrderFilter, limit: int, after: str | None) -> list[Order]:
        """At most ``limit`` orders, the newest first, from the one behind the id ``after``."""

    def claim(self, order_id: str, now: datetime, until: datetime) -> Order | None:
        """The order, leased until then, with one more strike; ``None`` if it is finished or leased by another."""

    def reserve(self, order: Order, now: datetime) -> Order:
        """Take a pending order's stock and mark it reserved, both or none. Raises ``OutOfStock``, ``StaleOrder``."""

    def advance(self, order: Order, to: Sequence[OrderStatus], now: datetime, charge_id: str | None = None) -> Order:
        """Mark the order's next states, all or none. Raises ``StaleOrder``."""

    def fail(self, order: Order, reason: str, now: datetime) -> Order:
        """Mark the order failed and give its stock back, both or none. Raises ``StaleOrder``."""

    def cancel(self, order: Order, now: datetime) -> Order:
        """Mark a pending order cancelled. Raises ``StaleOrder``."""

    def mark_notified(self, order: Order, now: datetime) -> Order:
        """Note that the customer of a confirmed order has been written to; nothing is left to do."""

    def postpone(self, order: Order, due_at: datetime, excused: bool) -> None:
        """Give the lease back; the order is due again at that time. ``excused`` takes its strikes away."""

    def bury(self, order: Order, reason: str, now: datetime) -> Order:
        """Make the order a dead letter: no worker works on it until it is revived."""

    def revive(self, order_id: str, now: datetime) -> Order:
        """Make a dead letter due at once, without strikes. Raises ``NotFound``."""

    def dead_letters(self, limit: int, after: str | None) -> list[Order]:
        """At most ``limit`` dead letters by id, from the one behind ``after``."""

    def due(self, now: datetime, limit: int) -> list[Order]:
        """Orders on which work is left and no worker works, the longest due first."""

    def backlog(self, now: datetime) -> Backlog:
        """How much is waiting."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """Orders with work left and dead letters.

    ``mails_waiting`` of the unfinished are confirmed and lack only their mail; ``oldest_seconds`` is the time since the
    oldest of the others was placed.
    """

    unfinished: int
    mails_waiting: int
    oldest_seconds: float
    dead_letters: int


class Accounts(Protocol):
    """Accounts. Every method may raise ``DatabaseUnavailable``."""

    def add(self, account: Account) -> None:
        """Keep a new account. Raises ``EmailTaken``."""

    def by_email(self, email: str) -> Account | None:
        """The account with this (normalised) address."""

    def get(self, account_id: str) -> Account:
        """The account. Raises ``NotFound``."""

    def set_role(self, account_id: str, role: Role) -> None:
        """Give the account another role."""


class Passwords(Protocol):
    """Hashing of passwords."""

    def hashed(self, password: str) -> str:
        """A salted hash that is slow to guess."""

    def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether the password belongs to the hash; takes as long for ``None``, which matches nothing."""


class Revocations(Protocol):
    """Tokens that are not to be honoured any more. Every method may raise ``RevocationsUnavailable``."""

    def revoke(self, token_ids: Sequence[str], until: datetime) -> None:
        """Revoke tokens (or families of tokens) until they would have run out anyway."""

    def any_revoked(self, token_ids: Sequence[str]) -> bool:
        """Whether one of them was revoked."""

    def use_once(self, token_id: str, until: datetime) -> bool:
        """Use a token up: ``True`` for its first use, ``False`` for every later one, also of two at once."""


class OrderQueue(Protocol):
    """The way from the API to the workers."""

    def enqueue(self, order: Order) -> None:
        """Ask for the order's fulfilment; asking twice does no harm. Raises ``QueueUnavailable``."""

    def missing(self, orders: Sequence[Order]) -> list[Order]:
        """Those that do not stand in the queue, whatever else is known of them. Raises ``QueueUnavailable``."""


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

    def confirm(self, order: Order, address: str | None) -> None:
        """Send the confirmation to ``address``, or to a guest's mailbox. Raises ``MailUnavailable``."""


class Events(Protocol):
    """What happens in the shop, for those who watch: logs, metrics, spans."""

    def accepted(self, order: Order) -> None:
        """The order was promised."""

    def not_enqueued(self, order: Order) -> None:
        """The queue did not take the order; the sweeper will."""

    def advanced(self, order: Order) -> None:
        """The order reached a new state."""

    def waiting(self, order: Order, why: str, due_at: datetime) -> None:
        """A dependency is down; the order is tried again at ``due_at``."""

    def buried(self, order: Order, why: str) -> None:
        """The order became a dead letter."""

    def revived(self, order: Order) -> None:
        """A dead letter is worked on again."""

    def mailed(self, order: Order) -> None:
        """The customer was written to."""
