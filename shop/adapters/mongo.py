"""MongoDB for the shop: the client, the indexes, and its errors in the shop's words."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC
from typing import Any

from bson.codec_options import CodecOptions
from pymongo import ASCENDING, IndexModel, MongoClient
from pymongo.database import Database
from pymongo.errors import (
    AutoReconnect,
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
)
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from shop.config import Settings
from shop.domain.errors import DatabaseUnavailable

Document = dict[str, Any]

_UNAVAILABLE = (
    AutoReconnect,
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
)

INDEXES: dict[str, list[IndexModel]] = {
    "orders": [
        # Only orders with work left have due_at: the index stays as small as the backlog.
        IndexModel([("due_at", ASCENDING)], name="due", partialFilterExpression={"due_at": {"$exists": True}}),
        IndexModel(
            [("idempotency_key", ASCENDING)],
            name="idempotency_key",
            unique=True,
            partialFilterExpression={"idempotency_key": {"$type": "string"}},
        ),
    ],
}


def new_client(settings: Settings, listeners: list[Any], name: str) -> MongoClient[Document]:
    """A client that connects lazily and gives up on a dead server within ``settings.mongo_patience`` seconds."""
    milliseconds = int(settings.mongo_patience * 1000)
    return MongoClient(
        settings.mongo_url,
        appname=name,
        event_listeners=listeners,
        maxPoolSize=settings.mongo_pool,
        serverSelectionTimeoutMS=milliseconds,
        connectTimeoutMS=milliseconds,
        socketTimeoutMS=milliseconds * 2,
        waitQueueTimeoutMS=milliseconds,
        tz_aware=True,
    )


def database(client: MongoClient[Document], settings: Settings) -> Database[Document]:
    """The shop's database. Writes are promises: acknowledged by the majority and journaled."""
    return client.get_database(
        settings.mongo_database,
        codec_options=CodecOptions(tz_aware=True, tzinfo=UTC),
        write_concern=WriteConcern(w="majority", j=True),
        read_concern=ReadConcern("local"),
    )


def ensure_indexes(db: Database[Document]) -> None:
    """Make the declared indexes that are not there yet. Raises ``DatabaseUnavailable``."""
    with translated():
        for collection, indexes in INDEXES.items():
            db[collection].create_indexes(indexes)


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's "does not answer" into ``DatabaseUnavailable``; other errors are defects and pass."""
    try:
        yield
    except _UNAVAILABLE as error:
        logging.getLogger(__name__).debug("database: %s", error)
        raise DatabaseUnavailable("The database does not answer; try again in a few seconds.") from error


def pinger(client: MongoClient[Document]) -> Callable[[], None]:
    """A probe that raises when there is no primary to write to."""

    def ping() -> None:
        with translated():
            client.admin.command("ping")

    return ping
