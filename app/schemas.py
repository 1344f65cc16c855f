"""What clients send and get."""

from __future__ import annotations

import re
from typing import Annotated, Any

from flask import Request
from pydantic import BaseModel, ConfigDict, Field, StrictInt
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from shop.domain.order import MAX_LINES, MAX_QUANTITY, Order
from shop.domain.product import Product

ProductId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,79}$", strict=True)]
_KEY = re.compile(r"[\x21-\x7e]{1,128}")


class Item(BaseModel):
    """A product and how many pieces of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    product_id: ProductId
    quantity: StrictInt = Field(ge=1, le=MAX_QUANTITY)


class OrderRequest(BaseModel):
    """The body of ``POST /api/v1/orders``."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    items: list[Item] = Field(min_length=1, max_length=MAX_LINES)


class PageQuery(BaseModel):
    """The query of ``GET /api/v1/products``."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    limit: int = Field(default=20, ge=1, le=100)
    after: ProductId | None = None


def json_body(request: Request) -> bytes:
    """The body of a request that says it is JSON.

    Raises:
        UnsupportedMediaType: it says something else. RequestEntityTooLarge: it is too long.
    """
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send the body as application/json.")
    return request.get_data(cache=False)


def idempotency_key(request: Request) -> str | None:
    """The request's ``Idempotency-Key``, if it has one.

    Raises:
        BadRequest: it is not 1 to 128 printable ASCII characters without spaces.
    """
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise BadRequest("Idempotency-Key must be 1 to 128 printable ASCII characters without spaces.")
    return key


def product_answer(product: Product) -> dict[str, Any]:
    """A product as clients see it."""
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
    """An order as its customer sees it."""
    answer = {
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
    return answer
