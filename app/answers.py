"""Representations of the shop's objects for clients: plain values in the form of the models in ``app.schemas``.

The models do not create them, because validating our own responses would cost more than building them. Tests check that
they match the models.
"""

from __future__ import annotations

from typing import Any

from shop.domain.order import Order
from shop.domain.product import Product


def product_answer(product: Product) -> dict[str, Any]:
    """Return a product as ``ProductAnswer``."""
    return {
        "id": product.id,
        "name": product.name,
        "category": product.category,
        "description": product.description,
        "price_cents": product.price_cents,
        "currency": product.currency,
        "stock": product.stock,
    }


def order_answer(order: Order) -> dict[str, Any]:
    """Return an order as ``OrderAnswer``."""
    answer: dict[str, Any] = {
        "id": order.id,
        "status": str(order.status),
        "items": [
            {
                "product_id": line.product_id,
                "name": line.name,
                "quantity": line.quantity,
                "unit_price_cents": line.unit_price_cents,
            }
            for line in order.lines
        ],
        "total_cents": order.total_cents,
        "currency": order.currency,
        "created_at": order.created_at.isoformat(),
        "updated_at": order.updated_at.isoformat(),
        "history": [{"status": str(step.status), "at": step.at.isoformat()} for step in order.history],
        "request_id": order.origin.request_id,
        "trace_id": order.origin.trace_id,
    }
    if order.reason is not None:
        answer["reason"] = order.reason
    if order.dead_letter is not None:
        answer["dead_letter"] = {"reason": order.dead_letter.reason, "at": order.dead_letter.at.isoformat()}
    return answer
