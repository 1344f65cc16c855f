"""A customer's visit in a load profile, response by response."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import Any

from lab.load.generator.visit import HOME, LOG_IN, ORDER, ORDERS, REGISTER, Account, Answer, Ask, Ends, visit
from lab.load.profiles.reading import read

CUSTOMERS, _ = read()
PRODUCTS = {"items": [{"id": f"p{number}", "stock": 5} for number in range(20)]}
FRONT = {"best_sellers": PRODUCTS["items"][:5], "first_page": PRODUCTS["items"]}


class Shop:
    """A shop that responds as the API does; an order is final after it was read ``looks`` times."""

    def __init__(self, looks: int = 2, broken: str = "") -> None:
        self.looks, self.broken = looks, broken
        self.asked: list[Ask] = []

    def answer(self, ask: Ask) -> Answer:
        self.asked.append(ask)
        if ask.route == self.broken:
            return Answer(503)
        content: Any = {"id": "p1", "stock": 5}
        if ask.route == HOME:
            content = FRONT
        elif ask.route in (REGISTER, LOG_IN):
            content = {"access_token": "token"}
        elif ask.method == "POST":
            content = {"id": "ord_1", "status": "pending"}
        elif ask.route == ORDER:
            looks = sum(one.route == ORDER for one in self.asked)
            content = {"id": "ord_1", "status": "confirmed" if looks >= self.looks else "pending"}
        elif "items" not in ask.path and ask.path.split("?")[0].endswith(("products", "search")):
            content = PRODUCTS
        return Answer(ask.expected[0], content)


def walk(shop: Shop, account: Account | None = None, seed: int = 1, ends: Ends | None = None, **changes: Any) -> Shop:
    """Make a whole visit and return the shop."""
    going = visit(replace(CUSTOMERS, **changes), account, ends or Ends(), random.Random(seed))
    ask = next(going)
    try:
        while True:
            ask = going.send(shop.answer(ask))
    except StopIteration:
        return shop


def test_who_is_new_registers_and_who_is_known_logs_in() -> None:
    """A new customer registers, and a known customer logs in with the same account."""
    account = Account("a@load.example", "password-1")
    first = walk(Shop(), account)
    second = walk(Shop(), account)
    assert [ask.route for ask in first.asked if "auth" in ask.route] == [REGISTER]
    assert [ask.route for ask in second.asked if "auth" in ask.route] == [LOG_IN]


def test_an_order_is_looked_at_until_it_is_final() -> None:
    """An order is polled until it is final, and its final status is recorded."""
    ends = Ends()
    shop = walk(Shop(looks=3), ends=ends, order_share=1.0)
    assert sum(ask.route == ORDER for ask in shop.asked) == 3
    assert (ends.placed, ends.by_status) == (1, {"confirmed": 1})


def test_polling_an_order_ends() -> None:
    """Polling an order ends after a fixed number of requests, and the order is recorded as open."""
    ends = Ends()
    shop = walk(Shop(looks=1000), ends=ends, order_share=1.0)
    assert sum(ask.route == ORDER for ask in shop.asked) == len(CUSTOMERS.poll_seconds)
    assert ends.by_status == {"open": 1}


def test_an_order_has_a_key_and_its_owners_token() -> None:
    """An order has a unique key and its owner's token."""
    orders = [
        next(
            ask
            for ask in walk(Shop(), Account("a@load.example", "p"), seed, order_share=1.0).asked
            if ask.route == ORDERS and ask.method == "POST"
        )
        for seed in range(5)
    ]
    assert len({ask.headers["Idempotency-Key"] for ask in orders}) == 5
    assert {ask.headers["Authorization"] for ask in orders} == {"Bearer token"}


def test_a_guest_has_no_token_and_asks_for_no_orders_of_theirs() -> None:
    """A guest sends no token and does not request a list of orders, which would be refused."""
    for seed in range(30):
        shop = walk(Shop(), seed=seed, looks={**CUSTOMERS.looks, "my_orders": 1000})
        assert shop.asked
        assert not [ask for ask in shop.asked if ask.route == ORDERS and ask.method == "GET"]
        assert not [ask for ask in shop.asked if "Authorization" in ask.headers]


def test_an_error_ends_the_visit() -> None:
    """An error ends the visit."""
    shop = walk(Shop(broken=HOME))
    assert [ask.route for ask in shop.asked] == [HOME]


def test_looks_are_drawn_by_weight() -> None:
    """Pages are chosen by weight; about half of them are products."""
    seen = Counter[str]()
    for seed in range(300):
        seen.update(ask.route for ask in walk(Shop(), seed=seed, order_share=0.0).asked[1:])
    assert 0.45 < seen["/api/v1/products/<product_id>"] / seen.total() < 0.6
    assert 0.15 < seen["/api/v1/products"] / seen.total() < 0.25


def test_pauses_are_within_what_the_profile_says() -> None:
    """Every pause is a think time or a polling interval of the profile."""
    shop = walk(Shop(), order_share=1.0)
    assert shop.asked
    for ask in shop.asked:
        assert ask.pause in CUSTOMERS.poll_seconds or 1 <= ask.pause <= 5
