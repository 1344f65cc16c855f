"""The shop's ports in memory. ``tests/contracts/`` holds them to the real adapters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from shop.domain.account import Account, Role
from shop.domain.errors import (
    DatabaseUnavailable,
    EmailTaken,
    MailUnavailable,
    NotFound,
    OutOfStock,
    PaymentDeclined,
    PaymentUnavailable,
    ProductExists,
    QueueUnavailable,
    RevocationsUnavailable,
    StaleOrder,
)
from shop.domain.order import DeadLetter, Order, OrderStatus, Step, may_become
from shop.domain.product import Product
from shop.ports import Backlog, Home, OrderFilter, Seen

START = datetime(2026, 1, 1, tzinfo=UTC)
LAMP = Product("brass-lamp", "Brass Lamp", "lighting", "A lamp.", 4_900, 10)
MUG = Product("blue-mug", "Blue Mug", "kitchen", "A mug.", 1_250, 3)


@dataclass
class FakeClock:
    """Time that moves when told."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class FakeCatalogue:
    """Products in a dictionary; ``down`` makes every call fail."""

    products: dict[str, Product] = field(default_factory=lambda: {LAMP.id: LAMP, MUG.id: MUG})
    down: bool = False

    def get(self, product_id: str) -> Product:
        self._answer()
        if product_id not in self.products:
            raise NotFound("product", product_id)
        return self.products[product_id]

    def get_many(self, product_ids: Iterable[str]) -> dict[str, Product]:
        self._answer()
        return {one: self.products[one] for one in product_ids if one in self.products}

    def page(self, limit: int, after: str | None) -> list[Product]:
        self._answer()
        return [self.products[one] for one in sorted(self.products) if after is None or one > after][:limit]

    def search(self, words: str, limit: int) -> list[Product]:
        self._answer()
        scores = {product.id: _score(product, words) for product in self.products.values()}
        found = [product for product in self.products.values() if scores[product.id]]
        return sorted(found, key=lambda product: -scores[product.id])[:limit]

    def best_sellers(self, limit: int) -> list[Product]:
        self._answer()
        return sorted(self.products.values(), key=lambda one: -one.views)[:limit]

    def add(self, product: Product) -> Product:
        self._answer()
        if product.id in self.products:
            raise ProductExists(product.id)
        self.products[product.id] = product
        return product

    def change(self, product_id: str, price_cents: int | None = None, stock: int | None = None) -> Product:
        old = self.get(product_id)
        price = old.price_cents if price_cents is None else price_cents
        left = old.stock if stock is None else stock
        self.products[product_id] = replace(old, price_cents=price, stock=left, version=old.version + 1)
        return self.products[product_id]

    def add_views(self, views: dict[str, int]) -> None:
        self._answer()
        for product_id, count in views.items():
            if (old := self.products.get(product_id)) is not None:
                self.products[product_id] = replace(old, views=old.views + count)

    def look_at(self, product_id: str) -> Seen:
        return Seen(self.get(product_id))

    def look_through(self, limit: int, after: str | None) -> tuple[list[Product], float, bool]:
        return self.page(limit, after), 0.0, False

    def home(self) -> Home:
        return Home(self.best_sellers(12), self.page(12, None))

    def add_missing(self, products: Iterable[Product]) -> int:
        self._answer()
        fresh = {product.id: product for product in products if product.id not in self.products}
        self.products.update(fresh)
        return len(fresh)

    def _answer(self) -> None:
        if self.down:
            raise DatabaseUnavailable("down")


def _score(product: Product, words: str) -> int:
    """How well the product matches: whole words, with the weights of MongoDB's text index, without its stemming."""
    fields = ((product.name, 10), (product.category, 5), (product.description, 1))
    wanted = set(re.findall(r"\w+", words.lower()))
    return sum(weight * len(wanted & set(re.findall(r"\w+", text.lower()))) for text, weight in fields)


@dataclass
class FakeOrders:
    """Orders and their stock in dictionaries; ``down`` makes every call fail."""

    catalogue: FakeCatalogue
    orders: dict[str, Order] = field(default_factory=dict)
    due_at: dict[str, datetime] = field(default_factory=dict)
    leases: dict[str, datetime] = field(default_factory=dict)
    down: bool = False

    def add(self, order: Order, due_at: datetime) -> Order:
        self._answer()
        for other in self.orders.values():
            same = (other.customer_id, other.idempotency_key) == (order.customer_id, order.idempotency_key)
            if order.idempotency_key is not None and same:
                return other
        if order.id in self.orders:
            return self.orders[order.id]
        self.orders[order.id] = order
        self.due_at[order.id] = due_at
        return order

    def get(self, order_id: str) -> Order:
        self._answer()
        if order_id not in self.orders:
            raise NotFound("order", order_id)
        return self.orders[order_id]

    def claim(self, order_id: str, now: datetime, until: datetime) -> Order | None:
        self._answer()
        if order_id not in self.due_at or self.leases.get(order_id, now) > now:
            return None
        self.leases[order_id] = self.due_at[order_id] = until
        order = self.orders[order_id]
        self.orders[order_id] = replace(order, attempts=order.attempts + 1, strikes=order.strikes + 1)
        return self.orders[order_id]

    def reserve(self, order: Order, now: datetime) -> Order:
        self._require(order, (OrderStatus.RESERVED,))
        for line in order.lines:
            product = self.catalogue.products.get(line.product_id)
            if product is None or product.stock < line.quantity:
                raise OutOfStock(line.product_id)
        reserved = self.advance(order, (OrderStatus.RESERVED,), now)
        self._move_stock(order, -1)
        return reserved

    def advance(self, order: Order, to: Sequence[OrderStatus], now: datetime, charge_id: str | None = None) -> Order:
        current = self._require(order, to)
        history = (*current.history, *(Step(status, now) for status in to))
        charge = charge_id or current.charge_id
        self.orders[order.id] = replace(
            current, status=to[-1], history=history, charge_id=charge, updated_at=now, strikes=0
        )
        return self.orders[order.id]

    def fail(self, order: Order, reason: str, now: datetime) -> Order:
        self.advance(order, (OrderStatus.FAILED,), now)
        if order.status is OrderStatus.RESERVED:
            self._move_stock(order, +1)
        self._done(order.id)
        self.orders[order.id] = replace(self.orders[order.id], reason=reason)
        return self.orders[order.id]

    def page(self, wanted: OrderFilter, limit: int, after: str | None) -> list[Order]:
        self._answer()
        found = [
            order
            for order in sorted(self.orders.values(), key=lambda order: order.id, reverse=True)
            if (wanted.customer_id in (None, order.customer_id))
            and (wanted.status in (None, order.status))
            and (wanted.created_from is None or order.created_at >= wanted.created_from)
            and (wanted.created_before is None or order.created_at < wanted.created_before)
            and (after is None or order.id < after)
        ]
        return found[:limit]

    def cancel(self, order: Order, now: datetime) -> Order:
        cancelled = self.advance(order, (OrderStatus.CANCELLED,), now)
        self._done(order.id)
        return cancelled

    def bury(self, order: Order, reason: str, now: datetime) -> Order:
        self.orders[order.id] = replace(self.get(order.id), dead_letter=DeadLetter(reason, now))
        self._done(order.id)
        return self.orders[order.id]

    def revive(self, order_id: str, now: datetime) -> Order:
        if self.get(order_id).dead_letter is None:
            raise NotFound("order", order_id)
        self.orders[order_id] = replace(self.orders[order_id], dead_letter=None, strikes=0)
        self.due_at[order_id] = now
        return self.orders[order_id]

    def dead_letters(self, limit: int, after: str | None) -> list[Order]:
        self._answer()
        dead = [self.orders[one] for one in sorted(self.orders) if self.orders[one].dead_letter]
        return [one for one in dead if after is None or one.id > after][:limit]

    def backlog(self, now: datetime) -> Backlog:
        self._answer()
        waiting = [self.orders[one] for one in self.due_at]
        not_final = [order for order in waiting if order.status is not OrderStatus.CONFIRMED]
        ages = [(now - order.created_at).total_seconds() for order in not_final]
        mails = len(waiting) - len(not_final)
        return Backlog(len(waiting), mails, max([0.0, *ages]), len(self.dead_letters(1000, None)))

    def mark_told(self, order: Order, now: datetime) -> Order:
        self.orders[order.id] = replace(self.get(order.id), email_sent_at=now)
        self._done(order.id)
        return self.orders[order.id]

    def postpone(self, order: Order, due_at: datetime, excused: bool) -> None:
        self._answer()
        if order.id not in self.due_at:
            return
        if excused:
            self.orders[order.id] = replace(self.orders[order.id], strikes=0)
        self.due_at[order.id] = due_at
        self.leases.pop(order.id, None)

    def due(self, now: datetime, limit: int) -> list[Order]:
        self._answer()
        return [self.orders[one] for one, at in sorted(self.due_at.items(), key=lambda pair: pair[1]) if at <= now][
            :limit
        ]

    def _answer(self) -> None:
        if self.down:
            raise DatabaseUnavailable("down")

    def _require(self, order: Order, to: Sequence[OrderStatus]) -> Order:
        self._answer()
        allowed = all(may_become(before, after) for before, after in pairwise((order.status, *to)))
        current = self.orders.get(order.id)
        if current is None or current.status is not order.status or not allowed:
            raise StaleOrder(order.id)
        return current

    def _done(self, order_id: str) -> None:
        self.due_at.pop(order_id, None)
        self.leases.pop(order_id, None)

    def _move_stock(self, order: Order, sign: int) -> None:
        for line in order.lines:
            product = self.catalogue.products[line.product_id]
            self.catalogue.products[product.id] = replace(product, stock=product.stock + sign * line.quantity)


@dataclass
class FakeQueue:
    """Orders in a list, until a worker takes them; ``enqueued`` are all that were ever in it."""

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
        """Take the first one, as a worker does; ``None`` if there is none."""
        return self.waiting.pop(0) if self.waiting else None

    def _answer(self) -> None:
        if self.down:
            raise QueueUnavailable("down")


@dataclass
class FakePayments:
    """Charges once per order, as the real service does."""

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
    """Remembers whom it wrote to."""

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
    """Remembers what happened, in words."""

    told: list[str] = field(default_factory=list)

    def accepted(self, order: Order) -> None:
        self.told.append("accepted")

    def not_enqueued(self, order: Order) -> None:
        self.told.append("not enqueued")

    def advanced(self, order: Order) -> None:
        self.told.append(str(order.status))

    def waiting(self, order: Order, why: str, due_at: datetime) -> None:
        self.told.append(f"waiting: {why}")

    def buried(self, order: Order, why: str) -> None:
        self.told.append(f"buried: {why}")

    def revived(self, order: Order) -> None:
        self.told.append("revived")

    def mailed(self, order: Order) -> None:
        self.told.append("mailed")


@dataclass
class FakeAccounts:
    """Accounts in a dictionary; ``down`` makes every call fail."""

    accounts: dict[str, Account] = field(default_factory=dict)
    down: bool = False

    def add(self, account: Account) -> None:
        if self.by_email(account.email) is not None:
            raise EmailTaken
        self.accounts[account.id] = account

    def by_email(self, email: str) -> Account | None:
        self._answer()
        return next((one for one in self.accounts.values() if one.email == email), None)

    def get(self, account_id: str) -> Account:
        self._answer()
        if account_id not in self.accounts:
            raise NotFound("account", account_id)
        return self.accounts[account_id]

    def set_role(self, account_id: str, role: Role) -> None:
        self._answer()
        if (old := self.accounts.get(account_id)) is not None:
            self.accounts[account_id] = replace(old, role=role)

    def _answer(self) -> None:
        if self.down:
            raise DatabaseUnavailable("down")


class FakePasswords:
    """Hashes that can be read."""

    def hashed(self, password: str) -> str:
        return f"hash:{password}"

    def matches(self, password_hash: str | None, password: str) -> bool:
        return password_hash == f"hash:{password}"


@dataclass
class FakeRevocations:
    """Revoked tokens in a set; ``down`` makes every call fail."""

    revoked: set[str] = field(default_factory=set)
    down: bool = False

    def revoke(self, token_ids: Sequence[str], until: datetime) -> None:
        self._answer()
        self.revoked.update(token_ids)

    def any_revoked(self, token_ids: Sequence[str]) -> bool:
        self._answer()
        return not self.revoked.isdisjoint(token_ids)

    def use_once(self, token_id: str, until: datetime) -> bool:
        self._answer()
        if token_id in self.revoked:
            return False
        self.revoked.add(token_id)
        return True

    def _answer(self) -> None:
        if self.down:
            raise RevocationsUnavailable("down")
