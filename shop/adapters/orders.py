"""Orders in MongoDB. ``due_at`` is there as long as work is left on an order; ``lease_until`` while someone works."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pymongo import MongoClient, ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from shop.adapters.mongo import Document, translated
from shop.adapters.order_documents import to_document, to_order
from shop.domain.errors import NotFound, OutOfStock, StaleOrder
from shop.domain.order import Order, OrderStatus, may_become


class MongoOrders:
    """Implements ``ports.Orders`` on the collections ``orders`` and ``products``."""

    def __init__(self, client: MongoClient[Document], db: Database[Document]) -> None:
        self._client = client
        self._orders = db["orders"]
        self._products = db["products"]

    def add(self, order: Order, due_at: datetime) -> Order:
        """Promise the order; see ``ports.Orders``."""
        with translated():
            try:
                self._orders.insert_one({**to_document(order), "due_at": due_at})
            except DuplicateKeyError:
                # A retry by the driver after a lost answer meets its own order; a repeated request meets its first.
                query = {"idempotency_key": order.idempotency_key} if order.idempotency_key else {"_id": order.id}
                first = self._orders.find_one(query)
                if first is None:
                    raise
                return to_order(first)
        return order

    def get(self, order_id: str) -> Order:
        """The order; see ``ports.Orders``."""
        with translated():
            document = self._orders.find_one({"_id": order_id})
        if document is None:
            raise NotFound("order", order_id)
        return to_order(document)

    def claim(self, order_id: str, now: datetime, until: datetime) -> Order | None:
        """Lease the order; see ``ports.Orders``."""
        free = {"$or": [{"lease_until": {"$exists": False}}, {"lease_until": {"$lte": now}}]}
        query = {"_id": order_id, "due_at": {"$exists": True}, **free}
        update = {"$set": {"lease_until": until, "due_at": until}, "$inc": {"attempts": 1}}
        with translated():
            document = self._orders.find_one_and_update(query, update, return_document=ReturnDocument.AFTER)
        return to_order(document) if document is not None else None

    def reserve(self, order: Order, now: datetime) -> Order:
        """Take the stock and mark the order, in one transaction; see ``ports.Orders``."""

        def transaction(session: ClientSession) -> Order:
            reserved = self._step(order, OrderStatus.RESERVED, now, session=session)
            for line in order.lines:
                taken = self._products.update_one(
                    {"_id": line.product_id, "stock": {"$gte": line.quantity}},
                    {"$inc": {"stock": -line.quantity}},
                    session=session,
                )
                if taken.modified_count != 1:
                    raise OutOfStock(line.product_id)
            return reserved

        with translated(), self._client.start_session() as session:
            return session.with_transaction(transaction)

    def advance(self, order: Order, to: OrderStatus, now: datetime, charge_id: str | None = None) -> Order:
        """Mark the next state; see ``ports.Orders``."""
        with translated():
            return self._step(order, to, now, {"charge_id": charge_id} if charge_id else {})

    def fail(self, order: Order, reason: str, now: datetime) -> Order:
        """Mark the order failed and give its stock back, in one transaction; see ``ports.Orders``."""

        def transaction(session: ClientSession) -> Order:
            failed = self._step(order, OrderStatus.FAILED, now, {"reason": reason}, done=True, session=session)
            if order.status is OrderStatus.RESERVED:
                for line in order.lines:
                    self._products.update_one(
                        {"_id": line.product_id}, {"$inc": {"stock": line.quantity}}, session=session
                    )
            return failed

        with translated(), self._client.start_session() as session:
            return session.with_transaction(transaction)

    def mark_told(self, order: Order, now: datetime) -> Order:
        """Note that the customer was written to; see ``ports.Orders``."""
        update = {"$set": {"email_sent_at": now}, "$unset": {"due_at": "", "lease_until": ""}}
        with translated():
            document = self._orders.find_one_and_update({"_id": order.id}, update, return_document=ReturnDocument.AFTER)
        if document is None:
            raise NotFound("order", order.id)
        return to_order(document)

    def postpone(self, order: Order, due_at: datetime) -> None:
        """Give the lease back; see ``ports.Orders``."""
        with translated():
            self._orders.update_one(
                {"_id": order.id, "due_at": {"$exists": True}},
                {"$set": {"due_at": due_at}, "$unset": {"lease_until": ""}},
            )

    def due(self, now: datetime, limit: int) -> list[Order]:
        """Orders that wait for somebody; see ``ports.Orders``."""
        with translated():
            found = self._orders.find({"due_at": {"$lte": now}}).sort("due_at", 1).limit(limit)
            return [to_order(document) for document in found]

    def _step(
        self,
        order: Order,
        to: OrderStatus,
        now: datetime,
        fields: Document | None = None,
        done: bool = False,
        session: ClientSession | None = None,
    ) -> Order:
        if not may_become(order.status, to):
            raise StaleOrder(f"Order {order.id} is {order.status} and cannot become {to}.")
        update: dict[str, Any] = {
            "$set": {"status": str(to), "updated_at": now, **(fields or {})},
            "$push": {"history": {"status": str(to), "at": now}},
        }
        if done:
            update["$unset"] = {"due_at": "", "lease_until": ""}
        document = self._orders.find_one_and_update(
            {"_id": order.id, "status": str(order.status)},
            update,
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        if document is None:
            raise StaleOrder(f"Order {order.id} is not {order.status} any more.")
        return to_order(document)
