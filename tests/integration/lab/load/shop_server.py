"""A small HTTP server with the shop's read and order routes, which checks and counts the requests of a load client."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PRODUCTS = [{"id": f"product-{number}", "stock": 9} for number in range(40)]
CONFIRMED_AFTER = 2
"""Number of status requests after which an order is confirmed."""


class Shop:
    """``counts``: responses by method, route template and status; ``wrong``: requests a real shop would refuse."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.counts: Counter[tuple[str, str, int]] = Counter()
        self.wrong: list[str] = []
        self.words: set[str] = set()
        self.accounts: dict[str, str] = {}
        self.keys: set[str] = set()
        self.looks: list[int] = []
        self.failing = ""
        """The route template that returns 500."""

    def answer(self, method: str, target: str, headers: Any, body: Any) -> tuple[str, int, Any]:
        """Return route template, status and content."""
        parts = urlsplit(target)
        path, query = parts.path.removeprefix("/api/v1"), parse_qs(parts.query)
        route, status, content = self._answer(method, path, query, headers, body)
        if route == self.failing:
            return f"/api/v1{route}", 500, {}
        return f"/api/v1{route}", status, content

    def _answer(
        self, method: str, path: str, query: dict[str, list[str]], headers: Any, body: Any
    ) -> tuple[str, int, Any]:
        match method, path.split("/")[1:]:
            case "GET", ["home"]:
                return (
                    path,
                    200,
                    {"best_sellers": PRODUCTS[:8], "first_page": PRODUCTS[8:28], "categories": [{"id": "c"}]},
                )
            case "GET", ["products"]:
                self._expect(query["limit"] == ["20"] and query["after"][0].startswith("product-"), f"page {query}")
                return path, 200, {"items": PRODUCTS[20:]}
            case "GET", ["products", "search"]:
                self.words.add(query["q"][0])
                return path, 200, {"items": PRODUCTS[:3]}
            case "GET", ["products", name]:
                return "/products/<product_id>", 200 if name.startswith("product-") else 404, {}
            case "POST", ["auth", "register"]:
                self._expect(body["email"] not in self.accounts, f"{body['email']} registered twice")
                self.accounts[body["email"]] = body["password"]
                return path, 201, {"access_token": f"token-{body['email']}"}
            case "POST", ["auth", "login"]:
                self._expect(self.accounts.get(body["email"]) == body["password"], f"{body['email']} is unknown")
                return path, 200, {"access_token": f"token-{body['email']}"}
            case "GET", ["orders"]:
                self._expect(self._known(headers), "orders without an account")
                return path, 200, {"items": []}
            case "POST", ["orders"]:
                return path, 202, self._order(headers, body)
            case "GET", ["orders", number]:
                self.looks[int(number)] += 1
                return "/orders/<order_id>", 200, {"id": number, "status": self._status(int(number))}
        self._expect(False, f"{method} {path} is no route")
        return path, 404, {}

    def _order(self, headers: Any, body: Any) -> dict[str, str]:
        key = headers["Idempotency-Key"]
        self._expect(bool(re.fullmatch(r"[\w-]{8,64}", key or "")) and key not in self.keys, f"key {key}")
        self.keys.add(key)
        self._expect(headers["Authorization"] is None or self._known(headers), "an order with a wrong token")
        ids = [item["product_id"] for item in body["items"]]
        self._expect(len(ids) == len(set(ids)) in (1, 2, 3), f"items {ids}")
        self._expect(all(item["quantity"] in (1, 2, 3) for item in body["items"]), "quantity")
        self.looks.append(0)
        return {"id": str(len(self.looks) - 1), "status": "pending"}

    def _status(self, number: int) -> str:
        return "confirmed" if self.looks[number] >= CONFIRMED_AFTER else "pending"

    def _known(self, headers: Any) -> bool:
        return (headers["Authorization"] or "").removeprefix("Bearer token-") in self.accounts

    def _expect(self, right: bool, what: str) -> None:
        if not right:
            self.wrong.append(what)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Otherwise each response body waits for the TCP acknowledgement of its header (Nagle's algorithm).
    disable_nagle_algorithm = True
    shop: Shop

    def _handle(self) -> None:
        length = int(self.headers["Content-Length"] or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        with self.shop.lock:
            route, status, content = self.shop.answer(self.command, self.path, self.headers, body)
            self.shop.counts[self.command, route, status] += 1
        raw = json.dumps(content).encode()
        self.send_response(HTTPStatus(status))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    do_GET = do_POST = _handle  # noqa: N815  (the names that http.server calls)

    def log_message(self, format: str, *args: Any) -> None:
        """Do not log requests: the counts are sufficient."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True


@contextmanager
def serving(port: int = 0) -> Iterator[tuple[Shop, int]]:
    """Start a shop and return it with its port on 127.0.0.1."""
    shop = Shop()
    server = _Server(("127.0.0.1", port), type("Handler", (_Handler,), {"shop": shop}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield shop, server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
