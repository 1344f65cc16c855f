"""``/api/v1/orders``."""

from __future__ import annotations

import math
import re

from flask import Blueprint, Response, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from opentelemetry import trace

from app.answers import order_answer
from app.bodies import idempotency_key, json_body
from app.identity import caller, must_own, required_caller
from app.progress import Progress
from app.schemas import ORDER_ID, OrderAnswer, OrderPage, OrderRequest, OrdersQuery
from app.settings import ApiSettings
from app.spec import operation
from shop.domain.account import Role
from shop.domain.errors import NotFound
from shop.domain.order import Order, Origin
from shop.ports import OrderFilter, Orders
from shop.services import CancelOrder, PlaceOrder

_ORDER_ID = re.compile(ORDER_ID)
PATH_ORDER = {"order_id": {"type": "string", "pattern": ORDER_ID}}
_KEY_HEADER = {
    "Idempotency-Key": {
        "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,128}$"},
        "description": "Repeating a request with the same key and body returns the same order.",
    }
}


def blueprint(
    place_order: PlaceOrder,
    cancel_order: CancelOrder,
    orders: Orders,
    progress: Progress,
    limiter: Limiter,
    settings: ApiSettings,
) -> Blueprint:
    """Register the views that place, show, list and cancel orders."""
    api = Blueprint("orders", __name__, url_prefix="/api/v1/orders")

    def theirs(order_id: str) -> Order:
        return must_own(orders.get(known_form(order_id)))

    @api.post("")
    @limiter.limit(settings.limit_orders)
    @operation(
        summary="Place an order, as a guest or as the account of the token",
        tag="orders",
        body=OrderRequest,
        headers=_KEY_HEADER,
        answers={202: OrderAnswer},
        problems=(400, 401, 422),
        auth="optional",
    )
    def place() -> ResponseReturnValue:
        who = caller()
        wanted = OrderRequest.model_validate_json(json_body(request))
        items = [(item.product_id, item.quantity) for item in wanted.items]
        order = place_order(items, idempotency_key(request), _origin(), who.account_id if who else None)
        return jsonify(order_answer(order)), 202, {"Location": url_for("orders.show", order_id=order.id)}

    @api.get("")
    @operation(
        summary="Your orders, newest first (for an admin: the orders of all customers)",
        tag="orders",
        query=OrdersQuery,
        answers={200: OrderPage},
        problems=(401, 422),
        auth="required",
    )
    def page() -> ResponseReturnValue:
        who = required_caller()
        query = OrdersQuery.model_validate(request.args.to_dict())
        wanted = OrderFilter(
            None if who.role is Role.ADMIN else who.account_id,
            query.status,
            query.created_from,
            query.created_before,
        )
        found = orders.page(wanted, query.limit, query.after)
        following = _next_page(query, found[-1].id) if len(found) == query.limit else None
        return jsonify({"items": [order_answer(order) for order in found], "next": following})

    @api.get("/<order_id>")
    @operation(
        summary="An order",
        tag="orders",
        path=PATH_ORDER,
        answers={200: OrderAnswer},
        problems=(401, 403, 404),
        auth="optional",
    )
    def show(order_id: str) -> ResponseReturnValue:
        return jsonify(order_answer(theirs(order_id)))

    @api.post("/<order_id>/cancel")
    @operation(
        summary="Cancel a pending order",
        tag="orders",
        path=PATH_ORDER,
        answers={200: OrderAnswer},
        problems=(401, 403, 404, 409),
        auth="optional",
    )
    def cancel(order_id: str) -> ResponseReturnValue:
        return jsonify(order_answer(cancel_order(theirs(order_id))))

    @api.get("/<order_id>/events")
    @operation(
        summary="Stream the states of an order as they are reached (server-sent events)",
        tag="orders",
        path=PATH_ORDER,
        answers={200: None},
        problems=(401, 403, 404),
        auth="optional",
        media="text/event-stream",
    )
    def events(order_id: str) -> Response:
        return progress.stream(theirs(order_id), request.headers.get("Last-Event-ID"))

    # A stream lasts until its order is final: its duration alone is no reason for a trace.
    events.slow_seconds = math.inf  # type: ignore[attr-defined]

    return api


def known_form(order_id: str) -> str:
    """Return the id if it has the form of an order id.

    Raises ``NotFound`` otherwise, because no such order can exist.
    """
    if not _ORDER_ID.fullmatch(order_id):
        raise NotFound("order", order_id[:80])
    return order_id


def _next_page(query: OrdersQuery, after: str) -> str:
    arguments = query.model_dump(mode="json", exclude_none=True)
    return url_for("orders.page", **{**arguments, "after": after})


def _origin() -> Origin:
    span = trace.get_current_span().get_span_context()
    request_id = request.headers.get("X-Request-ID")
    if not span.is_valid:
        return Origin(request_id)
    return Origin(request_id, format(span.trace_id, "032x"), format(span.span_id, "016x"))
