"""``/api/v1/orders``."""

from __future__ import annotations

import re

from flask import Blueprint, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from opentelemetry import trace

from app.schemas import OrderRequest, idempotency_key, json_body, order_answer
from shop.domain.errors import NotFound
from shop.domain.order import Origin
from shop.ports import Orders
from shop.services import PlaceOrder

_ORDER_ID = re.compile(r"ord_[0-9a-f]{32}")


def blueprint(place_order: PlaceOrder, orders: Orders) -> Blueprint:
    """Placing and looking at orders."""
    api = Blueprint("orders", __name__, url_prefix="/api/v1/orders")

    def place() -> ResponseReturnValue:
        wanted = OrderRequest.model_validate_json(json_body(request))
        items = [(item.product_id, item.quantity) for item in wanted.items]
        order = place_order(items, idempotency_key(request), _origin())
        where = url_for("orders.show", order_id=order.id)
        return jsonify(order_answer(order)), 202, {"Location": where}

    # For the request metrics: its series begins at zero under the status that it has on success.
    place.success_status = 202  # type: ignore[attr-defined]

    def show(order_id: str) -> ResponseReturnValue:
        if not _ORDER_ID.fullmatch(order_id):
            raise NotFound("order", order_id[:80])
        return jsonify(order_answer(orders.get(order_id)))

    api.add_url_rule("", "place", place, methods=["POST"])
    api.add_url_rule("/<order_id>", "show", show)
    return api


def _origin() -> Origin:
    span = trace.get_current_span().get_span_context()
    request_id = request.headers.get("X-Request-ID")
    if not span.is_valid:
        return Origin(request_id)
    return Origin(request_id, format(span.trace_id, "032x"), format(span.span_id, "016x"))
