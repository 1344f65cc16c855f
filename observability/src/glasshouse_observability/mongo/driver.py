"""pymongo's classes and internal names, which differ between its versions.

pymongo 4.9 divided the driver into a synchronous and an asynchronous package; before, private attributes had mangled
names. pymongo 4.5 renamed sockets to connections.
"""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.command_cursor import CommandCursor
from pymongo.cursor import Cursor
from pymongo.database import Database
from pymongo.mongo_client import MongoClient

_PACKAGE = "pymongo.synchronous" if find_spec("pymongo.synchronous") else "pymongo"

Pool: Any = importlib.import_module(f"{_PACKAGE}.pool").Pool
ChangeStream: Any = importlib.import_module(f"{_PACKAGE}.change_stream").ChangeStream

_NEW_NAMES = hasattr(Pool, "checkin")
GET_CONNECTION = "_get_conn" if _NEW_NAMES else "_get_socket"
CHECK_IN = "checkin" if _NEW_NAMES else "return_socket"
IDLE_CONNECTIONS = "conns" if _NEW_NAMES else "sockets"
COLLECTION_OF_COMMAND_CURSOR = "_collection" if _PACKAGE != "pymongo" else "_CommandCursor__collection"

__all__ = [
    "CHECK_IN",
    "COLLECTION_OF_COMMAND_CURSOR",
    "GET_CONNECTION",
    "IDLE_CONNECTIONS",
    "ChangeStream",
    "ClientSession",
    "Collection",
    "CommandCursor",
    "Cursor",
    "Database",
    "MongoClient",
    "Pool",
]


def is_monitor(pool: Any) -> bool:
    """Return whether the pool belongs to the monitor of a server, which applications do not use."""
    return pool.is_sdam if hasattr(pool, "is_sdam") else not pool.handshake
