"""The database schema: collections, their validators and their indexes, ensured at start."""

from __future__ import annotations

import logging

from pymongo import ASCENDING, DESCENDING, TEXT, IndexModel
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import CollectionInvalid, OperationFailure

from shop.adapters.mongo import Document, translated
from shop.domain.account import Role
from shop.domain.order import OrderStatus

INDEXES: dict[str, list[IndexModel]] = {
    "orders": [
        # Only orders with work left have due_at, so the index is as small as the backlog.
        IndexModel([("due_at", ASCENDING)], name="due", partialFilterExpression={"due_at": {"$exists": True}}),
        # Guests cannot be distinguished, so they share one namespace and must use unique keys.
        IndexModel(
            [("customer_id", ASCENDING), ("idempotency_key", ASCENDING)],
            name="idempotency_key",
            unique=True,
            partialFilterExpression={"idempotency_key": {"$type": "string"}},
        ),
        # A customer's list, newest first: order ids begin with their time.
        IndexModel([("customer_id", ASCENDING), ("_id", DESCENDING)], name="customer_newest"),
        IndexModel([("customer_id", ASCENDING), ("status", ASCENDING), ("_id", DESCENDING)], name="customer_status"),
        IndexModel([("status", ASCENDING), ("_id", DESCENDING)], name="status_newest"),
        IndexModel(
            [("_id", ASCENDING), ("dead_letter.at", ASCENDING)],
            name="dead_letters",
            partialFilterExpression={"dead_letter.at": {"$exists": True}},
        ),
    ],
    "products": [
        IndexModel(
            [("name", TEXT), ("category", TEXT), ("description", TEXT)],
            name="search",
            weights={"name": 10, "category": 5, "description": 1},
        ),
        IndexModel([("views", DESCENDING)], name="best_sellers"),
    ],
    "accounts": [IndexModel([("email", ASCENDING)], name="email", unique=True)],
    # MongoDB deletes revoked tokens when they would have expired.
    "revocations": [IndexModel([("expires_at", ASCENDING)], name="expires", expireAfterSeconds=0)],
}

_log = logging.getLogger(__name__)
_OTHER_INDEX_OF_THIS_NAME = (85, 86)
_NAMESPACE_EXISTS = 48
_TEXT = {"bsonType": "string"}
_COUNT = {"bsonType": ["int", "long"], "minimum": 0}
_TIME = {"bsonType": "date"}

VALIDATORS: dict[str, Document] = {
    "orders": {
        "bsonType": "object",
        "required": ["status", "lines", "currency", "total_cents", "created_at", "updated_at", "history", "attempts"],
        "properties": {
            "status": {"enum": [str(status) for status in OrderStatus]},
            "lines": {
                "bsonType": "array",
                "minItems": 1,
                "items": {
                    "bsonType": "object",
                    "required": ["product_id", "name", "quantity", "unit_price_cents"],
                    "properties": {
                        "product_id": _TEXT,
                        "name": _TEXT,
                        "quantity": {"bsonType": ["int", "long"], "minimum": 1},
                        "unit_price_cents": _COUNT,
                    },
                },
            },
            "total_cents": _COUNT,
            "attempts": _COUNT,
            "created_at": _TIME,
            "updated_at": _TIME,
        },
    },
    "products": {
        "bsonType": "object",
        "required": ["name", "category", "description", "price_cents", "stock", "currency"],
        # The last safeguard: no defect of the shop can sell more than the stock.
        "properties": {"name": _TEXT, "category": _TEXT, "price_cents": _COUNT, "stock": _COUNT, "views": _COUNT},
    },
    "accounts": {
        "bsonType": "object",
        "required": ["email", "role", "password_hash", "created_at"],
        "properties": {
            "email": _TEXT,
            "role": {"enum": [str(role) for role in Role]},
            "password_hash": {"bsonType": "string", "pattern": "^\\$argon2id\\$"},
            "created_at": _TIME,
        },
    },
    "revocations": {"bsonType": "object", "required": ["expires_at"], "properties": {"expires_at": _TIME}},
}


def ensure_schema(db: Database[Document]) -> None:
    """Create the collections, validators and indexes that are missing. Raises ``DatabaseUnavailable``."""
    with translated():
        existing = {found["name"]: found.get("options", {}).get("validator") for found in db.list_collections()}
        for name, schema in VALIDATORS.items():
            validator = {"$jsonSchema": schema}
            if name not in existing:
                _create(db, name, validator)
            elif existing[name] != validator:
                # Only if it has changed, because this requires a role (dbAdmin) that normal operation does not.
                db.command("collMod", name, validator=validator)
            _ensure_indexes(db[name])


def _ensure_indexes(collection: Collection[Document]) -> None:
    for index in INDEXES[collection.name]:
        try:
            collection.create_indexes([index])
        except OperationFailure as error:
            if error.code not in _OTHER_INDEX_OF_THIS_NAME:
                raise
            # An earlier version of the shop used this name for another index.
            name = index.document["name"]
            _log.warning("rebuilding index %s.%s", collection.name, name, extra={"event": "mongo.index_rebuilt"})
            collection.drop_index(name)
            collection.create_indexes([index])


def _create(db: Database[Document], name: str, validator: Document) -> None:
    try:
        db.create_collection(name, validator=validator)
    except (CollectionInvalid, OperationFailure) as error:
        # Another replica created it first, with the same validator: pymongo detected it, or the server did.
        if isinstance(error, OperationFailure) and error.code != _NAMESPACE_EXISTS:
            raise
