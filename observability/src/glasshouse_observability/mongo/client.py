"""A MongoDB client that observes operations where they are called, not through the driver's events.

pymongo creates events for each command if there is a listener, which costs more than everything here. An operation is
one call of the driver with all its parts: server selection, the wait for a connection, the driver's own retry. So it
also reports an unreachable server, for which no command exists. Methods that are not overridden here (administration,
change streams, the later batches of an aggregation) work but are not observed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from itertools import islice
from typing import Any, TypeVar, cast

from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.cursor import Cursor
from pymongo.database import Database

from glasshouse_observability.mongo.operations import Operations

Document = dict[str, Any]
Method = TypeVar("Method", bound=Callable[..., Any])


class ObservedClient(MongoClient[Document]):
    """``MongoClient`` with observed operations; set ``operations`` before it is used."""

    operations: Operations

    def __getitem__(self, name: str) -> ObservedDatabase:
        return ObservedDatabase(self, name)

    def get_database(self, name: str | None = None, *args: Any, **options: Any) -> ObservedDatabase:
        """Return an observed database; see ``MongoClient``."""
        if name is None:
            name = super().get_database().name
        return ObservedDatabase(self, name, *args, **options)

    def get_default_database(self, default: str | None = None, *args: Any, **options: Any) -> ObservedDatabase:
        """Return an observed database; see ``MongoClient``."""
        return ObservedDatabase(self, super().get_default_database(default).name, *args, **options)

    def start_session(self, *args: Any, **options: Any) -> ClientSession:
        """Return a session whose commits and aborts are observed; see ``MongoClient``."""
        session = super().start_session(*args, **options)
        for method, operation in (
            ("commit_transaction", "commitTransaction"),
            ("abort_transaction", "abortTransaction"),
        ):
            # Set on the instance, because the driver creates the session and ``with_transaction`` calls them on
            # ``self``.
            setattr(session, method, self._ending(operation, getattr(session, method)))
        return session

    def _ending(self, operation: str, end: Callable[[], None]) -> Callable[[], None]:
        admin = self.admin
        return lambda: self.operations.run(operation, admin, end)


class ObservedDatabase(Database[Document]):
    """``Database`` whose commands and collections are observed."""

    def __init__(self, client: ObservedClient, *args: Any, **options: Any) -> None:
        super().__init__(client, *args, **options)
        self.operations = client.operations

    def __getitem__(self, name: str) -> ObservedCollection:
        """Return a new collection each time; see ``Database``."""
        return ObservedCollection(self, name)

    def get_collection(self, name: str, *args: Any, **options: Any) -> ObservedCollection:
        """Return an observed collection; see ``Database``."""
        return ObservedCollection(self, name, False, *args, **options)

    def with_options(self, *args: Any, **options: Any) -> ObservedDatabase:  # type: ignore[override]
        """Return an observed collection for documents of the same type; see ``Database``."""
        copy = super().with_options(*args, **options)
        concerns = copy.codec_options, copy.read_preference, copy.write_concern, copy.read_concern
        return ObservedDatabase(cast("ObservedClient", self.client), self.name, *concerns)

    def command(self, command: Any, *args: Any, **options: Any) -> Any:
        """Run a command and observe it; see ``Database``."""
        name = command if isinstance(command, str) else next(iter(command))
        return self.operations.run(name, self, super().command, command, *args, **options)


def _observed(operation: str, method: Method) -> Method:
    """Return ``method`` of ``Collection`` as an observed method."""

    @wraps(method)
    def observed(self: ObservedCollection, /, *args: Any, **options: Any) -> Any:
        return self.operations.run(operation, self, method, self, *args, **options)

    return cast("Method", observed)


class ObservedCollection(Collection[Document]):
    """``Collection`` whose operations are observed, under the names of MongoDB's commands."""

    def __init__(self, database: ObservedDatabase, *args: Any, **options: Any) -> None:
        super().__init__(database, *args, **options)
        self.operations = database.operations

    def with_options(self, *args: Any, **options: Any) -> ObservedCollection:  # type: ignore[override]
        """Return an observed collection for documents of the same type; see ``Collection``."""
        copy = super().with_options(*args, **options)
        concerns = copy.codec_options, copy.read_preference, copy.write_concern, copy.read_concern
        database = cast("ObservedDatabase", self.database)
        return ObservedCollection(database, self.name, False, *concerns)

    def find(self, *args: Any, **options: Any) -> ObservedCursor:
        """Return an observed cursor; ``find_one`` calls this too. See ``Collection``."""
        return ObservedCursor(self, *args, **options)

    insert_one = _observed("insert", Collection.insert_one)
    insert_many = _observed("insert", Collection.insert_many)
    update_one = _observed("update", Collection.update_one)
    update_many = _observed("update", Collection.update_many)
    replace_one = _observed("update", Collection.replace_one)
    delete_one = _observed("delete", Collection.delete_one)
    delete_many = _observed("delete", Collection.delete_many)
    bulk_write = _observed("bulkWrite", Collection.bulk_write)
    find_one_and_update = _observed("findAndModify", Collection.find_one_and_update)
    find_one_and_replace = _observed("findAndModify", Collection.find_one_and_replace)
    find_one_and_delete = _observed("findAndModify", Collection.find_one_and_delete)
    aggregate = _observed("aggregate", Collection.aggregate)
    count_documents = _observed("aggregate", Collection.count_documents)
    estimated_document_count = _observed("count", Collection.estimated_document_count)
    distinct = _observed("distinct", Collection.distinct)


class ObservedCursor(Cursor[Document]):
    """``Cursor`` that observes each batch: the first as ``find``, the others as ``getMore``."""

    _asked = False
    _given = 0

    def next(self) -> Document:
        """Return the next document; only the first document of each batch requires a request to the server."""
        if self._given < self.retrieved:
            self._given += 1
            return super().next()
        if not self._asked:
            self._asked, operation = True, "find"
        elif self.alive:
            operation = "getMore"
        else:
            raise StopIteration
        collection: Any = self.collection
        document: Document = collection.operations.run(operation, collection, super().next)
        self._given += 1
        return document

    __next__ = next

    def to_list(self, length: int | None = None) -> list[Document]:
        """Return the remaining documents, at most ``length``."""
        return list(islice(self, length))

    def rewind(self) -> ObservedCursor:
        """See ``Cursor``."""
        super().rewind()
        self._asked, self._given = False, 0
        return self
