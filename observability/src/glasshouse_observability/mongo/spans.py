"""Names and attributes of MongoDB spans, and the types of errors."""

from __future__ import annotations

from typing import Any

from pymongo.errors import BulkWriteError, OperationFailure, WriteError

from glasshouse_observability.database import bounded_name
from glasshouse_observability.database_calls import Attributes
from glasshouse_observability.mongo import driver
from glasshouse_observability.wrapping.identity import IdentityMap

SYSTEM = "mongodb"

_servers: IdentityMap[Any, Attributes] = IdentityMap()

try:
    from pymongo.errors import ClientBulkWriteException

    _ANSWERED: tuple[type[Exception], ...] = (WriteError, BulkWriteError, ClientBulkWriteException)
except ImportError:  # pymongo < 4.9
    _ANSWERED = (WriteError, BulkWriteError)


def describe(operation: str, of: Any) -> tuple[str, Attributes]:
    """Return the name and the attributes of the span of an operation on a collection, database, client or session."""
    collection = ""
    if isinstance(of, driver.Collection):
        collection, of = of.name, of.database
    if isinstance(of, driver.Database):
        client, namespace = of.client, of.name
    else:
        client, namespace = (of.client if isinstance(of, driver.ClientSession) else of), "admin"
    server = _servers.by_id.get(id(client))
    if server is None:
        server = _servers[client] = _server(client)
    attributes: Attributes = {
        "db.system.name": SYSTEM,
        **server,
        "db.operation.name": operation,
        "db.namespace": namespace,
    }
    # Commands that concern a database have a pseudo-collection, such as ``$cmd.listCollections``.
    if collection and not collection.startswith("$cmd"):
        attributes["db.collection.name"] = collection
    return f"{namespace}.{operation}", attributes


def _server(client: Any) -> Attributes:
    """Return the attributes that identify the server, if the client has only one."""
    addresses = list(client.topology_description.server_descriptions())
    if len(addresses) != 1:
        return {}
    host, port = addresses[0]
    return {"server.address": host, **({"server.port": port} if port is not None else {})}


def error_type(failure: BaseException) -> str:
    """Return the server's name for the error, or the exception's; ``""`` if the server carried out the request.

    A write that violates a rule (a unique index, a validator) counts as answered, because many are sent to find that
    out.
    """
    if isinstance(failure, _ANSWERED):
        return ""
    details = failure.details if isinstance(failure, OperationFailure) else None
    name = (details or {}).get("codeName")
    return bounded_name(name) if isinstance(name, str) else type(failure).__name__
