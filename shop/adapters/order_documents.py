"""Conversion between orders and MongoDB documents."""

from __future__ import annotations

from shop.adapters.flat import flat
from shop.adapters.mongo import Document
from shop.domain.order import DeadLetter, Order, OrderLine, OrderStatus, Origin, Step


def to_document(order: Order) -> Document:
    """Return the document of a new order; fields without a value are omitted."""
    document: Document = {
        "_id": order.id,
        "status": str(order.status),
        "customer_id": order.customer_id,
        "lines": [flat(line) for line in order.lines],
        "currency": order.currency,
        "total_cents": order.total_cents,
        "created_at": order.created_at,
        "updated_at": order.updated_at,
        "history": [{"status": str(step.status), "at": step.at} for step in order.history],
        "attempts": order.attempts,
        "strikes": order.strikes,
        "fingerprint": order.fingerprint,
        "origin": flat(order.origin),
    }
    if order.idempotency_key is not None:
        document["idempotency_key"] = order.idempotency_key
    return document


def to_order(document: Document) -> Order:
    """Return the order of a document."""
    dead_letter = document.get("dead_letter")
    return Order(
        id=document["_id"],
        status=OrderStatus(document["status"]),
        customer_id=document.get("customer_id"),
        lines=tuple(OrderLine(**line) for line in document["lines"]),
        created_at=document["created_at"],
        updated_at=document["updated_at"],
        history=tuple(Step(OrderStatus(step["status"]), step["at"]) for step in document["history"]),
        currency=document["currency"],
        reason=document.get("reason"),
        charge_id=document.get("charge_id"),
        email_sent_at=document.get("email_sent_at"),
        attempts=document["attempts"],
        strikes=document.get("strikes", 0),
        dead_letter=DeadLetter(**dead_letter) if dead_letter else None,
        idempotency_key=document.get("idempotency_key"),
        fingerprint=document["fingerprint"],
        origin=Origin(**document["origin"]),
    )
