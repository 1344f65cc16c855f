"""MongoDB for the shop: the client, the database handles, and the translation of driver errors."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC
from typing import Any

from bson.codec_options import CodecOptions
from opentelemetry import trace
from pymongo import MongoClient, ReadPreference
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import (
    AutoReconnect,
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
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
# Responses of a primary that steps down, shuts down or cannot reach its majority: temporary states.
_PASSING_CODES = frozenset({11600, 11602, 10107, 13435, 13436, 189, 91, 64, 50, 262})


def new_client(settings: Settings, make: Callable[..., MongoClient[Document]], name: str) -> MongoClient[Document]:
    """Return a client that connects lazily and gives up on a dead server after ``settings.mongo_patience`` seconds.

    Its pool is no larger than the number of threads that use it: a request that waits for a connection waits for
    another thread's work, and the wait is measured.
    """
    milliseconds = int(settings.mongo_patience * 1000)
    return make(
        settings.mongo_url,
        appname=name,
        maxPoolSize=settings.mongo_pool,
        serverSelectionTimeoutMS=milliseconds,
        connectTimeoutMS=milliseconds,
        socketTimeoutMS=milliseconds * 2,
        waitQueueTimeoutMS=milliseconds,
        tz_aware=True,
    )


def database(client: MongoClient[Document], settings: Settings) -> Database[Document]:
    """Return the shop's database.

    Writes are acknowledged by the majority and journaled; reads are served by the primary.
    """
    return client.get_database(
        settings.mongo_database,
        codec_options=CodecOptions(tz_aware=True, tzinfo=UTC),
        write_concern=WriteConcern(w="majority", j=True),
        read_concern=ReadConcern("local"),
    )


def for_browsing(collection: Collection[Document]) -> Collection[Document]:
    """Return the collection for reads that may be slightly stale: a secondary serves them if there is one."""
    return collection.with_options(read_preference=ReadPreference.SECONDARY_PREFERRED)


def not_awaited(collection: Collection[Document]) -> Collection[Document]:
    """Return the collection for writes that may be lost with the node that accepted them.

    A write waits for neither the majority nor the journal. If such a write is lost, a view is not counted, a lease is
    acquired again, or a mail is sent again under the same id.
    """
    return collection.with_options(write_concern=WriteConcern(w=1))


def comment() -> str | None:
    """Return the current trace as a comment for a command: MongoDB writes it into its slow-query log."""
    span = trace.get_current_span().get_span_context()
    return f"trace_id={span.trace_id:032x},span_id={span.span_id:016x}" if span.is_valid else None


@contextmanager
def translated() -> Iterator[None]:
    """Raise ``DatabaseUnavailable`` when the driver gets no response; other errors are defects and raised unchanged."""
    try:
        yield
    except _UNAVAILABLE as error:
        raise _unavailable(error) from error
    except OperationFailure as error:
        if error.code in _PASSING_CODES:
            raise _unavailable(error) from error
        raise


def _unavailable(error: Exception) -> DatabaseUnavailable:
    logging.getLogger(__name__).debug("database: %s", error)
    return DatabaseUnavailable("The database does not respond; try again in a few seconds.")


def pinger(client: MongoClient[Document]) -> Callable[[], None]:
    """Raise if the database does not respond: a health probe."""

    def ping() -> None:
        with translated():
            client.admin.command("ping")

    return ping
