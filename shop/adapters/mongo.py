"""MongoDB for the shop: the client, the databases handles, and its errors in the shop's words."""

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

from observability.mongo_client import ObservedClient
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
# What a primary answers that is stepping down, shutting down or cannot reach its majority: passing states.
_PASSING_CODES = frozenset({11600, 11602, 10107, 13435, 13436, 189, 91, 64, 50, 262})


def new_client(settings: Settings, make: Callable[..., ObservedClient], name: str) -> ObservedClient:
    """A client that connects lazily and gives up on a dead server within ``settings.mongo_patience`` seconds.

    Its pool is no larger than the threads that use it: a request that waits for a connection waits for a thread's
    work, and the wait is measured.
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
    """The shop's database. Writes are promises: acknowledged by the majority and journaled; reads see the primary."""
    return client.get_database(
        settings.mongo_database,
        codec_options=CodecOptions(tz_aware=True, tzinfo=UTC),
        write_concern=WriteConcern(w="majority", j=True),
        read_concern=ReadConcern("local"),
    )


def for_browsing(collection: Collection[Document]) -> Collection[Document]:
    """The collection for reads that may be a moment old: a secondary answers them where there is one."""
    return collection.with_options(read_preference=ReadPreference.SECONDARY_PREFERRED)


def not_awaited(collection: Collection[Document]) -> Collection[Document]:
    """The collection for writes that may be lost with the node that took them: neither majority nor journal is awaited.

    A view that is not counted, a lease that is taken once more, a mail that is sent once more under the same id.
    """
    return collection.with_options(write_concern=WriteConcern(w=1))


def comment() -> str | None:
    """The current trace, as a comment on a command: MongoDB writes it into its slow-query log."""
    span = trace.get_current_span().get_span_context()
    return f"trace_id={span.trace_id:032x},span_id={span.span_id:016x}" if span.is_valid else None


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's "does not answer" into ``DatabaseUnavailable``; other errors are defects and pass."""
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
    return DatabaseUnavailable("The database does not answer; try again in a few seconds.")


def pinger(client: MongoClient[Document]) -> Callable[[], None]:
    """A probe that raises when the database does not answer."""

    def ping() -> None:
        with translated():
            client.admin.command("ping")

    return ping
