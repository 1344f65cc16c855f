"""A customer's visit: its requests, one at a time, and the think time before each. Pure.

A visit is a generator that yields requests and receives the responses by ``send``.
"""

from __future__ import annotations

import random
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

from lab.load.profiles.model import Customers

API = "/api/v1"
PRODUCTS, PRODUCT = f"{API}/products", f"{API}/products/<product_id>"
SEARCH, HOME = f"{API}/products/search", f"{API}/home"
ORDERS, ORDER = f"{API}/orders", f"{API}/orders/<order_id>"
REGISTER, LOG_IN = f"{API}/auth/register", f"{API}/auth/login"
FINAL = ("confirmed", "failed", "cancelled")
PAGE = 20


@dataclass(frozen=True, slots=True)
class Ask:
    """A request. ``route`` is the API's route template; ``expected`` are the statuses of a successful request."""

    method: str
    route: str
    path: str
    pause: float
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    expected: tuple[int, ...] = (200,)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status (0: no response) and JSON content."""

    status: int
    content: Any = None


@dataclass
class Account:
    """A customer's account, used again on later visits. ``known``: it is registered."""

    email: str
    password: str
    known: bool = False


@dataclass
class Ends:
    """The orders by final status; ``open`` if the customer stopped polling before."""

    placed: int = 0
    by_status: dict[str, int] = field(default_factory=dict)

    def note(self, status: str) -> None:
        """Count one order."""
        self.by_status[status] = self.by_status.get(status, 0) + 1


Visit = Generator[Ask, Answer, None]


def visit(how: Customers, account: Account | None, ends: Ends, rng: random.Random) -> Visit:
    """Run one visit, as a guest without an account. An error ends the visit."""

    def think() -> float:
        return rng.uniform(*how.think_seconds)

    token: dict[str, str] = {}
    listed = yield Ask("GET", HOME, HOME, think())
    products = _ids(listed, "best_sellers") + _ids(listed, "first_page")
    if not products:
        return
    if account is not None:
        entered = yield _enter(account, think())
        # 409 for an address that only we use: the registration succeeded, but its response was lost.
        account.known = account.known or entered.status in (201, 409)
        if entered.status not in (200, 201) or not isinstance(entered.content, dict):
            return
        token = {"Authorization": f"Bearer {entered.content.get('access_token')}"}
    liked = products[0]
    for _ in range(rng.randint(*how.steps)):
        look = rng.choices(tuple(how.looks), tuple(how.looks.values()))[0]
        if look == "my_orders" and not token:
            look = "product"
        ask = _look(look, how, products, token, think(), rng)
        answer = yield ask
        if answer.status not in ask.expected:
            return
        products = _ids(answer, "items") or products
        liked = popular(products, rng)
    if rng.random() < how.order_share:
        yield from _order(how, [liked, *products], token, ends, rng, think)


def _enter(account: Account, pause: float) -> Ask:
    body = {"email": account.email, "password": account.password}
    if account.known:
        return Ask("POST", LOG_IN, LOG_IN, pause, body)
    return Ask("POST", REGISTER, REGISTER, pause, body, expected=(201,))


def _look(
    look: str, how: Customers, products: Sequence[str], token: dict[str, str], pause: float, rng: random.Random
) -> Ask:
    match look:
        case "page":
            return Ask("GET", PRODUCTS, f"{PRODUCTS}?limit={PAGE}&after={rng.choice(products)}", pause)
        case "search":
            return Ask("GET", SEARCH, f"{SEARCH}?q={rng.choice(how.words).replace(' ', '+')}&limit={PAGE}", pause)
        case "home":
            return Ask("GET", HOME, HOME, pause)
        case "my_orders":
            return Ask("GET", ORDERS, f"{ORDERS}?limit={PAGE}", pause, headers=token)
        case "dead_link":
            return Ask("GET", PRODUCT, f"{PRODUCTS}/no-longer-sold-{rng.randrange(100)}", pause, expected=(404,))
        case _:
            return Ask("GET", PRODUCT, f"{PRODUCTS}/{popular(products, rng)}", pause)


def _order(
    how: Customers, products: Sequence[str], token: dict[str, str], ends: Ends, rng: random.Random, think: Any
) -> Visit:
    wanted = list(dict.fromkeys([products[0], *(rng.choice(products) for _ in range(rng.randint(*how.lines) - 1))]))
    body = {"items": [{"product_id": product, "quantity": rng.randint(*how.quantity)} for product in wanted]}
    headers = {**token, "Idempotency-Key": f"load-{rng.getrandbits(96):024x}"}
    placed = yield Ask("POST", ORDERS, ORDERS, think(), body, headers, (202,))
    if placed.status != 202 or not isinstance(placed.content, dict):
        return
    ends.placed += 1
    path = f"{ORDERS}/{placed.content.get('id')}"
    for pause in how.poll_seconds:
        seen = yield Ask("GET", ORDER, path, pause, headers=token)
        if seen.status != 200 or not isinstance(seen.content, dict):
            break
        if seen.content.get("status") in FINAL:
            ends.note(str(seen.content["status"]))
            return
    ends.note("open")


def popular(products: Sequence[str], rng: random.Random) -> str:
    """Choose a product. The nth of the list is chosen about n times less often than the first (Zipf's law)."""
    rank = int((len(products) + 1) ** rng.random())
    return products[min(rank, len(products)) - 1]


def _ids(answer: Answer, member: str) -> list[str]:
    content = answer.content
    items = content.get(member) if answer.status == 200 and isinstance(content, dict) else None
    return [str(item["id"]) for item in items or () if isinstance(item, dict) and "stock" in item]
