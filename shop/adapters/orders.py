"""Orders in MongoDB.

``due_at`` is present as long as an order has work left; ``lease_until`` while a worker processes it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise

from pymongo import ASCENDING, DESCENDING, MongoClient, ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from shop.adapters.mongo import Document, comment, not_awaited, translated
from shop.adapters.order_documents import to_document, to_order
from shop.domain.errors import DatabaseUnavailable, NotFound, OutOfStock, StaleOrder
from shop.domain.order import Order, OrderStatus, first_order_id, may_become
from shop.ports import Backlog, OrderFilter

# The age of the backlog is read from these first orders by due time: an exact minimum would require a scan of the whole
# backlog.
_BACKLOG_SAMPLE = 1000
TRANSACTION_SECONDS = 5.0
_NOTHING_LEFT = {"due_at": "", "lease_until": ""}


class MongoOrders:
    """Implements ``ports.Orders`` on the collections ``orders`` and ``products``."""

    def __init__(
        self, client: MongoClient[Document], db: Database[Document], longest_transaction: float = TRANSACTION_SECONDS
    ) -> None:
        """No attempt at a transaction starts later than ``longest_transaction`` seconds after the first."""
        self._client, self._longest = client, longest_transaction
        self._orders = db["orders"]
        self._not_awaited = not_awaited(self._orders)
        self._products = db["products"]

    def add(self, order: Order, due_at: datetime) -> Order:
        """Accept the order; see ``ports.Orders``."""
        with translated():
            try:
                self._orders.insert_one({**to_document(order), "due_at": due_at}, comment=comment())
            except DuplicateKeyError:
                # A retry by the driver after a lost response finds its own order; a repeated request finds its first.
                key = {"customer_id": order.customer_id, "idempotency_key": order.idempotency_key}
                query = key if order.idempotency_key is not None else {"_id": order.id}
                first = self._orders.find_one(query, comment=comment())
                if first is None:
                    raise
                return to_order(first)
        return order

    def get(self, order_id: str) -> Order:
        """Return the order; see ``ports.Orders``."""
        with translated():
            document = self._orders.find_one({"_id": order_id}, comment=comment())
        if document is None:
            raise NotFound("order", order_id)
        return to_order(document)

    def page(self, wanted: OrderFilter, limit: int, after: str | None) -> list[Order]:
        """Return the newest orders first; see ``ports.Orders``."""
        query: Document = {}
        if wanted.customer_id is not None:
            query["customer_id"] = wanted.customer_id
        if wanted.status is not None:
            query["status"] = str(wanted.status)
        # Order ids begin with their time, so a time range is a range of ids, and one index serves both.
        below = [bound for bound in (after, _first_id(wanted.created_before)) if bound is not None]
        bounds: Document = {"$lt": min(below)} if below else {}
        if (first := _first_id(wanted.created_from)) is not None:
            bounds["$gte"] = first
        if bounds:
            query["_id"] = bounds
        with translated():
            found = self._orders.find(query, comment=comment()).sort("_id", DESCENDING).limit(limit)
            return [to_order(document) for document in found]

    def claim(self, order_id: str, now: datetime, until: datetime) -> Order | None:
        """Lease the order; see ``ports.Orders``."""
        free = {"$or": [{"lease_until": {"$exists": False}}, {"lease_until": {"$lte": now}}]}
        query = {"_id": order_id, "due_at": {"$exists": True}, **free}
        update = {"$set": {"lease_until": until, "due_at": until}, "$inc": {"attempts": 1, "strikes": 1}}
        with translated():
            # Not acknowledged by the majority: a lease that is lost with its node is lost together with all its work,
            # unless a step with acknowledgement followed, which also secures all earlier writes.
            document = self._not_awaited.find_one_and_update(
                query, update, return_document=ReturnDocument.AFTER, comment=comment()
            )
        return to_order(document) if document is not None else None

    def reserve(self, order: Order, now: datetime) -> Order:
        """Reserve the stock and mark the order, in one transaction; see ``ports.Orders``."""

        def transaction(session: ClientSession) -> Order:
            reserved = self._step(order, (OrderStatus.RESERVED,), now, session=session)
            for line in order.lines:
                enough = {"_id": line.product_id, "stock": {"$gte": line.quantity}}
                taken = self._products.update_one(
                    enough, {"$inc": {"stock": -line.quantity}}, session=session, comment=comment()
                )
                if taken.modified_count != 1:
                    raise OutOfStock(line.product_id)
            return reserved

        return self._in_transaction(transaction)

    def advance(self, order: Order, to: Sequence[OrderStatus], now: datetime, charge_id: str | None = None) -> Order:
        """Mark the next states; see ``ports.Orders``."""
        with translated():
            return self._step(order, to, now, {"charge_id": charge_id} if charge_id else {})

    def fail(self, order: Order, reason: str, now: datetime) -> Order:
        """Mark the order failed and return its stock, in one transaction; see ``ports.Orders``."""

        def transaction(session: ClientSession) -> Order:
            failed = self._step(order, (OrderStatus.FAILED,), now, {"reason": reason}, done=True, session=session)
            if order.status is OrderStatus.RESERVED:
                for line in order.lines:
                    back = {"$inc": {"stock": line.quantity}}
                    self._products.update_one({"_id": line.product_id}, back, session=session, comment=comment())
            return failed

        return self._in_transaction(transaction)

    def cancel(self, order: Order, now: datetime) -> Order:
        """Mark a pending order cancelled; see ``ports.Orders``."""
        with translated():
            return self._step(order, (OrderStatus.CANCELLED,), now, done=True)

    def mark_notified(self, order: Order, now: datetime) -> Order:
        """Record that the customer was notified; see ``ports.Orders``."""
        # Not acknowledged by the majority: if it is lost with its node, the mail is sent again under the same id.
        change = {"$set": {"email_sent_at": now}, "$unset": _NOTHING_LEFT}
        return self._change({"_id": order.id}, change, self._not_awaited)

    def postpone(self, order: Order, due_at: datetime, excused: bool) -> None:
        """Release the lease; see ``ports.Orders``."""
        fields: Document = {"due_at": due_at, **({"strikes": 0} if excused else {})}
        with translated():
            self._orders.update_one(
                {"_id": order.id, "due_at": {"$exists": True}},
                {"$set": fields, "$unset": {"lease_until": ""}},
                comment=comment(),
            )

    def bury(self, order: Order, reason: str, now: datetime) -> Order:
        """Make the order a dead letter; see ``ports.Orders``."""
        letter = {"dead_letter": {"reason": reason, "at": now}}
        return self._change({"_id": order.id}, {"$set": letter, "$unset": _NOTHING_LEFT})

    def revive(self, order_id: str, now: datetime) -> Order:
        """Make a dead letter due immediately; see ``ports.Orders``."""
        return self._change(
            {"_id": order_id, "dead_letter.at": {"$exists": True}},
            {"$set": {"due_at": now, "strikes": 0}, "$unset": {"dead_letter": ""}},
        )

    def dead_letters(self, limit: int, after: str | None) -> list[Order]:
        """Return dead letters, by id; see ``ports.Orders``."""
        query: Document = {"dead_letter.at": {"$exists": True}, "_id": {"$gt": after if after is not None else ""}}
        with translated():
            found = self._orders.find(query, comment=comment()).hint("dead_letters").sort("_id", ASCENDING)
            return [to_order(document) for document in found.limit(limit)]

    def due(self, now: datetime, limit: int) -> list[Order]:
        """Return orders that no worker processes yet; see ``ports.Orders``."""
        with translated():
            found = self._orders.find({"due_at": {"$lte": now}}, comment=comment())
            return [to_order(document) for document in found.sort("due_at", ASCENDING).limit(limit)]

    def backlog(self, now: datetime) -> Backlog:
        """Return the size and age of the backlog; see ``ports.Orders``."""
        has_work, is_dead = {"due_at": {"$exists": True}}, {"dead_letter.at": {"$exists": True}}
        confirmed = str(OrderStatus.CONFIRMED)
        with translated():
            unfinished = self._orders.count_documents(has_work, hint="due", comment=comment())
            unmailed = self._orders.count_documents({**has_work, "status": confirmed}, hint="due", comment=comment())
            dead = self._orders.count_documents(is_dead, hint="dead_letters", comment=comment())
            not_final = {**has_work, "status": {"$ne": confirmed}}
            sample = self._orders.find(not_final, {"created_at": 1}, comment=comment()).hint("due")
            times = [document["created_at"] for document in sample.limit(_BACKLOG_SAMPLE)]
        age = max((now - time).total_seconds() for time in times) if times else 0.0
        return Backlog(unfinished, unmailed, max(0.0, age), dead)

    def _in_transaction(self, steps: Callable[[ClientSession], Order]) -> Order:
        # The driver retries a transaction for two minutes, even if no server responds: longer than an order's lease.
        deadline = time.monotonic() + self._longest

        def attempt(session: ClientSession) -> Order:
            if time.monotonic() > deadline:
                raise DatabaseUnavailable("The database does not respond; try again in a few seconds.")
            return steps(session)

        with translated(), self._client.start_session() as session:
            return session.with_transaction(attempt)

    def _change(self, query: Document, update: Document, orders: Collection[Document] | None = None) -> Order:
        with translated():
            document = (self._orders if orders is None else orders).find_one_and_update(
                query, update, return_document=ReturnDocument.AFTER, comment=comment()
            )
        if document is None:
            raise NotFound("order", query["_id"])
        return to_order(document)

    def _step(
        self,
        order: Order,
        to: Sequence[OrderStatus],
        now: datetime,
        fields: Document | None = None,
        done: bool = False,
        session: ClientSession | None = None,
    ) -> Order:
        for before, after in pairwise((order.status, *to)):
            if not may_become(before, after):
                raise StaleOrder(f"Order {order.id} is {before} and cannot become {after}.")
        update: Document = {
            # A completed step resets the count of strikes.
            "$set": {"status": str(to[-1]), "updated_at": now, "strikes": 0, **(fields or {})},
            "$push": {"history": {"$each": [{"status": str(status), "at": now} for status in to]}},
        }
        if done:
            update["$unset"] = _NOTHING_LEFT
        document = self._orders.find_one_and_update(
            {"_id": order.id, "status": str(order.status)},
            update,
            return_document=ReturnDocument.AFTER,
            session=session,
            comment=comment(),
        )
        if document is None:
            raise StaleOrder(f"Order {order.id} is not {order.status} any more.")
        return to_order(document)


def _first_id(moment: datetime | None) -> str | None:
    return first_order_id(moment) if moment is not None else None
