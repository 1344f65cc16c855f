"""The sender, against a server with configured responses."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lab.orders.plan import Expectation, Wish
from lab.orders.sender import Sender

Answer = Callable[[int], tuple[int, dict[str, str]]]


class Shop(ThreadingHTTPServer):
    """A server that responds to the n-th request of a key by ``answer(n)``; a status of 0 closes the connection."""

    answer: Answer = staticmethod(lambda _: (202, {}))

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: dict[str, list[dict[str, str]]] = {}
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Shop

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        key = self.headers["Idempotency-Key"]
        with self.server.lock:
            tries = self.server.seen.setdefault(key, [])
            tries.append(dict(self.headers))
        status, headers = self.server.answer(len(tries))
        if status == 0:
            return
        body = json.dumps({"id": f"ord_{key}"}).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    thread = threading.Thread(target=shop.serve_forever, args=(0.01,))
    thread.start()
    yield shop
    shop.shutdown()
    thread.join()
    shop.server_close()


def wishes(count: int, customer: int | None = None) -> list[Wish]:
    return [Wish(f"k{number}", (("lamp", 1),), customer, Expectation.CONFIRMED) for number in range(count)]


def send(shop: Shop, count: int = 1, patience: float = 20.0, customer: int | None = None) -> Sender:
    sender = Sender(shop.url, ["token"], threads=8)
    sender.send(wishes(count, customer), 1000.0, patience, lambda: None)
    return sender


def test_every_wish_is_sent_once_and_promised(shop: Shop) -> None:
    """Each order is sent once under its own key, and the ID of the response is stored."""
    sender = send(shop, 20)
    assert {one.order_id for one in sender.sent} == {f"ord_k{number}" for number in range(20)}
    assert all(len(tries) == 1 for tries in shop.seen.values())
    assert sender.answers == {"202": 20}


def test_a_customer_sends_a_token(shop: Shop) -> None:
    """A customer sends a token, and a guest sends none."""
    send(shop, customer=0)
    assert shop.seen["k0"][0]["Authorization"] == "Bearer token"


@pytest.mark.parametrize("status", [0, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again_under_the_same_key(shop: Shop, status: int) -> None:
    """A broken connection, a rate limit and an outage are retried under the same key."""
    shop.answer = lambda number: (202, {}) if number > 1 else (status, {})
    (one,) = send(shop).sent
    assert (one.attempts, one.order_id) == (2, "ord_k0")


def test_retry_after_is_honoured(shop: Shop) -> None:
    """A response with ``Retry-After: 1`` is retried after at least one second."""
    shop.answer = lambda number: (202, {}) if number > 1 else (503, {"Retry-After": "1"})
    (one,) = send(shop).sent
    assert one.promised_at is not None
    assert one.promised_at - one.due >= 1.0


def test_a_refusal_is_final(shop: Shop) -> None:
    """A 422 is final and is not retried; it is stored with its reason."""
    shop.answer = lambda _: (422, {})
    (one,) = send(shop).sent
    assert (one.attempts, one.order_id) == (1, None)
    assert one.refused is not None
    assert one.refused.startswith("422")


def test_it_gives_up_in_time(shop: Shop) -> None:
    """An order that is never accepted is recorded as unsettled."""
    shop.answer = lambda _: (503, {"Retry-After": "30"})
    (one,) = send(shop, patience=0.3).sent
    assert not one.settled


def test_a_proxy_of_the_environment_does_not_apply(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment is not used, because the shop is on this machine."""
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert send(shop, patience=2.0).promised == 1


def test_every_client_of_the_lab_uses_the_session_without_proxies() -> None:
    """All clients of the lab use the session of `lab.clients.http`, which ignores proxies.

    The exception is the background traffic, whose image does not contain that module.
    """
    lab = Path(__file__).parents[4] / "lab"
    own = re.compile(r"\brequests\.(Session|session|request|get|head|post|put|patch|delete)\(")
    found = {str(file.relative_to(lab)) for file in lab.rglob("*.py") if own.search(file.read_text())}
    assert found == {"clients/http.py", "trickle/shop.py"}
