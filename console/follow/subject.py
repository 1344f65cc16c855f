"""Find the subject of the story: a new order, or an existing order, request or trace by its ID."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from console.follow.clients import Clients
from console.follow.gather import LOOK_BACK
from console.follow.wait import Waiter
from console.servers.errors import ServerError
from console.servers.loki import LogLine, by_fields
from console.story.evidence import Evidence, field_in, order_id_in

ARRIVAL_SECONDS = 10.0
Choose = Callable[[Sequence[str]], str]
Answer = TypeVar("Answer")


class NothingFound(Exception):
    """No server has data for the ID. The message names the server that was queried."""


def place_order(evidence: Evidence, clients: Clients, choose: Choose = secrets.choice) -> None:
    """Order one item of a product that is in stock. Raises ``ServerError`` if the shop does not accept it."""
    products = [str(product["id"]) for product in clients.shop.products() if product.get("stock", 1)]
    if not products:
        raise NothingFound("The shop has no product in stock to order.")
    placed = clients.shop.place(choose(products))
    evidence.order_id, evidence.request_id, evidence.trace_id = placed


def find_order(evidence: Evidence, clients: Clients, now: Callable[[], datetime]) -> None:
    """Set the IDs of an order from the shop, or from its log lines if the shop is unavailable."""
    try:
        order = clients.shop.order(evidence.order_id)
    except ServerError as error:
        evidence.note(f"{error}.")
        lines = _lines_by(clients, "order_id", evidence.order_id, now)
        evidence.request_id, evidence.trace_id = field_in(lines, "request_id"), field_in(lines, "trace_id")
        if not lines:
            raise NothingFound(
                f"The log store has no log line of order {evidence.order_id} from the last day."
            ) from error
        return
    if order is None:
        raise NothingFound(f"The shop has no order {evidence.order_id}.")
    evidence.order, evidence.request_id, evidence.trace_id = order, order.request_id, order.trace_id


def find_request(evidence: Evidence, clients: Clients, waiter: Waiter, now: Callable[[], datetime]) -> None:
    """Set the trace and the order of a request from its log lines, which contain all three ids."""
    waiter.begin(ARRIVAL_SECONDS)
    lines = waiter.until(
        lambda _: "waiting for the request's log lines in the log store",
        lambda: _lines_by(clients, "request_id", evidence.request_id, now),
        lambda lines: bool(field_in(lines, "trace_id")),
    )
    if not lines:
        raise NothingFound(f"The log store has no log line with request id {evidence.request_id} from the last day.")
    evidence.trace_id, evidence.order_id = field_in(lines, "trace_id"), field_in(lines, "order_id")


def find_trace(evidence: Evidence, clients: Clients, waiter: Waiter, now: Callable[[], datetime]) -> None:
    """Set the request and the order of a trace, from its spans and its log lines."""
    waiter.begin(ARRIVAL_SECONDS)
    spans = waiter.until(
        lambda _: "waiting for the trace in Jaeger", lambda: clients.jaeger.trace(evidence.trace_id), bool
    )
    if not spans:
        raise NothingFound(f"Jaeger has no trace {evidence.trace_id}.")
    evidence.spans, evidence.order_id = spans, order_id_in(spans)
    try:
        lines = _lines_by(clients, "trace_id", evidence.trace_id, now)
    except ServerError as error:
        evidence.note(f"{error}.")
        return
    evidence.request_id = field_in(lines, "request_id")
    evidence.order_id = evidence.order_id or field_in(lines, "order_id")


def _lines_by(clients: Clients, field: str, value: str, now: Callable[[], datetime]) -> Sequence[LogLine]:
    return clients.loki.lines(by_fields({field: value}), now() - LOOK_BACK, now())
