"""A client of the shop's public HTTP interface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from console.servers.http import JsonServer

FINAL = ("confirmed", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class State:
    """One state of an order and the time when it was reached, in RFC 3339."""

    status: str
    at: str


@dataclass(frozen=True, slots=True)
class Order:
    """An order as the API shows it; amounts in cents."""

    id: str
    status: str
    total_cents: int | None = None
    currency: str = ""
    items: tuple[Mapping[str, Any], ...] = ()
    history: tuple[State, ...] = ()
    reason: str = ""
    request_id: str = ""
    trace_id: str = ""

    @property
    def is_final(self) -> bool:
        """Whether the order's state is final."""
        return self.status in FINAL


class Placed(NamedTuple):
    """The response to a new order: its id and the ids of its telemetry."""

    order_id: str
    request_id: str
    trace_id: str


class Shop:
    """Reads products and orders, places orders."""

    def __init__(self, server: JsonServer) -> None:
        self._server = server

    def products(self, limit: int = 50) -> list[Mapping[str, Any]]:
        """Return the first products of the catalogue, each with ``id`` and ``name``."""
        return self._server.get("/api/v1/products", {"limit": limit}, lambda answer: list(answer["items"]))

    def place(self, product_id: str, quantity: int = 1) -> Placed:
        """Place an order; raises ``BadAnswer`` if the shop does not accept it."""
        path = "/api/v1/orders"
        body = {"items": [{"product_id": product_id, "quantity": quantity}]}
        reply = self._server.ask(path, method="POST", body=body)
        if reply.status != 202:
            raise self._server.bad(path, reply)
        order_id = self._server.parsed(path, reply, lambda content: str(content["id"]))
        return Placed(order_id, reply.headers.get("x-request-id", ""), reply.headers.get("x-trace-id", ""))

    def order(self, order_id: str) -> Order | None:
        """Return an order, or None if the shop has none with this id."""
        path = f"/api/v1/orders/{order_id}"
        reply = self._server.ask(path)
        if reply.status == 404:
            return None
        if reply.status != 200:
            raise self._server.bad(path, reply)
        return self._server.parsed(path, reply, order_of)


def order_of(raw: Mapping[str, Any]) -> Order:
    """Return the order in the API's response."""
    return Order(
        id=str(raw["id"]),
        status=str(raw["status"]),
        total_cents=None if raw.get("total_cents") is None else int(raw["total_cents"]),
        currency=str(raw.get("currency") or ""),
        items=tuple(dict(item) for item in raw.get("items") or ()),
        history=tuple(State(str(state["status"]), str(state["at"])) for state in raw.get("history") or ()),
        reason=str(raw.get("reason") or ""),
        request_id=str(raw.get("request_id") or ""),
        trace_id=str(raw.get("trace_id") or ""),
    )
