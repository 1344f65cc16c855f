"""Charges, recorded once per idempotency key."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CollectorRegistry
from pymongo import MongoClient
from pymongo.errors import DuplicateKeyError, PyMongoError
from pymongo.write_concern import WriteConcern

from payments.repeats import Repeats


class LedgerUnavailable(Exception):
    """The ledger's database does not respond: it is unknown whether the charge was recorded."""


class KeyReused(Exception):
    """The idempotency key belongs to a charge of another amount."""


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge as requested, and its outcome."""

    id: str
    key: str
    order_id: str
    amount_cents: int
    currency: str
    status: str


class TooManyRepeats(Exception):
    """The caller repeats charges for the same orders: all charges are rejected until the repeats end."""


class Ledger:
    """Charges in MongoDB; the idempotency key is the document's id, so it is unique."""

    def __init__(self, client: MongoClient[dict[str, Any]], database: str, registry: CollectorRegistry) -> None:
        self._client = client
        self.charges = client[database].get_collection("charges", write_concern=WriteConcern(w="majority", j=True))
        self._repeats = Repeats(self.charges, registry)
        self.prepare = self._repeats.ensure_indexes

    def record(self, key: str, order_id: str, amount_cents: int, currency: str, status: str) -> tuple[Charge, bool]:
        """Return the charge under ``key`` and whether it is new.

        Raises:
            KeyReused, LedgerUnavailable, TooManyRepeats.
        """
        wanted = Charge(f"ch_{secrets.token_hex(12)}", key, order_id, amount_cents, currency, status)
        try:
            if self._repeats.too_many():
                raise TooManyRepeats(order_id)
            return self._insert(wanted)
        except PyMongoError as error:
            raise LedgerUnavailable(type(error).__name__) from error

    def _insert(self, wanted: Charge) -> tuple[Charge, bool]:
        document = {
            "_id": wanted.key,
            "charge_id": wanted.id,
            "order_id": wanted.order_id,
            "amount_cents": wanted.amount_cents,
            "currency": wanted.currency,
            "status": wanted.status,
            "created_at": datetime.now(UTC),
        }
        try:
            self.charges.insert_one(document)
        except DuplicateKeyError:
            first = self.charges.find_one({"_id": wanted.key})
            if first is None:
                raise
            if (first["amount_cents"], first["currency"]) != (wanted.amount_cents, wanted.currency):
                raise KeyReused(wanted.key) from None
            return (
                Charge(
                    first["charge_id"],
                    wanted.key,
                    first["order_id"],
                    first["amount_cents"],
                    first["currency"],
                    first["status"],
                ),
                False,
            )
        return wanted, True

    def ping(self) -> None:
        """Raise if the database does not respond."""
        self._client.admin.command("ping")
