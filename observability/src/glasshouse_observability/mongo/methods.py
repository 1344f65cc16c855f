"""The methods of pymongo's classes that are observed, with the names of MongoDB's commands.

An operation is one call of a method with all its parts: server selection, the wait for a connection, the driver's own
retry. So an unreachable server is reported too, for which no command exists. (pymongo creates events for each command
if there is a listener, which costs more than everything here.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from operator import attrgetter
from typing import Any

from glasshouse_observability.database import bounded_name
from glasshouse_observability.database_calls import DatabaseCalls
from glasshouse_observability.metrics.cardinality import OTHER
from glasshouse_observability.mongo import driver
from glasshouse_observability.wrapping.patches import Method, Patches
from glasshouse_observability.wrapping.targets import Targets

_COLLECTION = {
    "insert_one": "insert",
    "insert_many": "insert",
    "update_one": "update",
    "update_many": "update",
    "replace_one": "update",
    "delete_one": "delete",
    "delete_many": "delete",
    "bulk_write": "bulkWrite",
    "find_one_and_update": "findAndModify",
    "find_one_and_replace": "findAndModify",
    "find_one_and_delete": "findAndModify",
    "aggregate": "aggregate",
    "aggregate_raw_batches": "aggregate",
    "count_documents": "aggregate",
    "estimated_document_count": "count",
    "distinct": "distinct",
    "create_index": "createIndexes",
    "create_indexes": "createIndexes",
    "create_search_index": "createSearchIndexes",
    "create_search_indexes": "createSearchIndexes",
    "drop_search_index": "dropSearchIndex",
    "update_search_index": "updateSearchIndex",
    "rename": "renameCollection",
    # These call other methods of this table in some or all versions of the driver.
    "drop": "drop",
    "drop_index": "dropIndexes",
    "drop_indexes": "dropIndexes",
    "index_information": "listIndexes",
    "list_indexes": "listIndexes",
    "list_search_indexes": "aggregate",
    "options": "listCollections",
}
_DATABASE = {
    "aggregate": "aggregate",
    "create_collection": "create",
    "drop_collection": "drop",
    "list_collections": "listCollections",
    "list_collection_names": "listCollections",
    "validate_collection": "validate",
}
_CLIENT = {
    "bulk_write": "bulkWrite",
    "list_databases": "listDatabases",
    "list_database_names": "listDatabases",
    "server_info": "buildInfo",
}
_SESSION = {"commit_transaction": "commitTransaction", "abort_transaction": "abortTransaction"}
_CALLS_OTHERS = {
    "create_collection", "drop", "drop_collection", "drop_indexes", "index_information", "list_collection_names",
    "list_database_names", "list_search_indexes", "options", "server_info", "validate_collection",
}  # fmt: skip
"""Methods that call other observed methods: the outer call is the operation, which is counted once."""

_is_inside: ContextVar[bool] = ContextVar("is_inside", default=False)
"""Whether an observed method is calling others, which are its parts and not separate operations."""


class Methods:
    """Wrap the methods, for the clients in ``targets``."""

    def __init__(self, calls: DatabaseCalls, targets: Targets[Any], patches: Patches) -> None:
        self._run, self._targets, self._patches = calls.run, targets, patches

    def wrap(self) -> None:
        """Wrap all methods that this version of the driver has."""
        self._table(driver.Collection, _COLLECTION, attrgetter("database.client"))
        self._table(driver.Database, _DATABASE, attrgetter("client"))
        self._table(driver.MongoClient, _CLIENT, lambda client: client)
        self._table(driver.ClientSession, _SESSION, attrgetter("client"))
        self._patches.wrap(driver.MongoClient, "drop_database", self._drop_database)
        for name in ("command", "cursor_command"):
            self._patches.wrap(driver.Database, name, self._command)
        self._patches.wrap(driver.Cursor, "_refresh", lambda method: self._batch(method, attrgetter("collection")))
        self._patches.wrap(driver.Cursor, "explain", self._explain)
        of_cursor = attrgetter(driver.COLLECTION_OF_COMMAND_CURSOR)
        self._patches.wrap(driver.CommandCursor, "_refresh", lambda method: self._batch(method, of_cursor))
        # A change stream waits in its cursor for changes: the duration is not a property of the server.
        self._patches.wrap(driver.ChangeStream, "try_next", _as_inside)

    def _table(self, owner: type, names: dict[str, str], client_of: Callable[[Any], Any]) -> None:
        for name, operation in names.items():
            self._patches.wrap(owner, name, self._maker(operation, client_of, name in _CALLS_OTHERS))

    def _maker(self, operation: str, client_of: Callable[[Any], Any], calls_others: bool) -> Callable[[Method], Method]:
        targets, run = self._targets, self._run

        def make(method: Method) -> Method:
            call = _as_inside(method) if calls_others else method

            def observed(self: Any, /, *args: Any, **options: Any) -> Any:
                if (targets.everything or client_of(self) in targets) and not _is_inside.get():
                    return run(operation, self, call, self, *args, **options)
                return method(self, *args, **options)

            return observed

        return make

    def _drop_database(self, method: Method) -> Method:
        """Observe a method of the client as an operation on the database that it removes."""
        targets, run = self._targets, self._run
        drop = _as_inside(method)

        def observed(self: Any, /, *args: Any, **options: Any) -> Any:
            if (targets.everything or self in targets) and not _is_inside.get():
                return run("dropDatabase", _database_of(self, args, options), drop, self, *args, **options)
            return method(self, *args, **options)

        return observed

    def _command(self, method: Method) -> Method:
        """Observe a command under its own name."""
        targets, run = self._targets, self._run

        def observed(self: Any, /, *args: Any, **options: Any) -> Any:
            if (targets.everything or self.client in targets) and not _is_inside.get():
                return run(_command_name(args, options), self, method, self, *args, **options)
            return method(self, *args, **options)

        return observed

    def _batch(self, refresh: Method, collection_of: Callable[[Any], Any]) -> Method:
        """Observe each batch of a cursor: the first of a query as ``find``, the others as ``getMore``."""
        targets, run = self._targets, self._run

        def observed(self: Any) -> Any:
            collection = collection_of(self)
            if (targets.everything or collection.database.client in targets) and not _is_inside.get():
                number = self.cursor_id
                # A cursor with the number 0, or that is closed, has no more batches: nothing is sent.
                if number is None:
                    return run("find", collection, refresh, self) if self.alive else refresh(self)
                if number and self.alive:
                    return run("getMore", collection, refresh, self)
            return refresh(self)

        return observed

    def _explain(self, method: Method) -> Method:
        targets, run = self._targets, self._run
        explain = _as_inside(method)

        def observed(self: Any) -> Any:
            if targets.everything or self.collection.database.client in targets:
                return run("explain", self.collection, explain, self)
            return method(self)

        return observed


@contextmanager
def not_observed() -> Iterator[None]:
    """Observe no operation in the block."""
    token = _is_inside.set(True)
    try:
        yield
    finally:
        _is_inside.reset(token)


def _as_inside(method: Method) -> Method:
    """Return the method, with other observed methods that it calls as its parts."""
    return not_observed()(method)


def _database_of(client: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Return the database that a method of the client gets by name or as an object."""
    given = args[0] if args else options.get("name_or_database")
    try:
        return client[given] if isinstance(given, str) else given if isinstance(given, driver.Database) else client
    except Exception:  # noqa: BLE001  (the driver reports what is wrong with the name)
        return client


def _command_name(args: tuple[Any, ...], options: dict[str, Any]) -> str:
    try:
        command = args[0] if args else options["command"]
        return bounded_name(command if isinstance(command, str) else next(iter(command)))
    except Exception:  # noqa: BLE001  (the driver reports what is wrong with the command)
        return OTHER
