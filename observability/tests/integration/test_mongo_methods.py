"""Every way to reach MongoDB through a client is observed, as one operation each."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any
from weakref import ref

import gridfs
import pymongo
import pytest
from bson.raw_bson import RawBSONDocument
from bson.son import SON
from opentelemetry.instrumentation.utils import suppress_instrumentation
from pymongo import IndexModel, InsertOne, MongoClient
from pymongo.errors import InvalidOperation, OperationFailure

from glasshouse_observability.mongo.instrumentation import uninstrument_mongo
from library_support.mongo import Observed
from library_support.waiting import wait_until

Counts = dict[str, int]
PIPELINE: list[dict[str, Any]] = [{"$match": {}}]


@pytest.fixture(params=["sampled", "unsampled"])
def observed(request: pytest.FixtureRequest, mongo_url: str) -> Iterator[Observed]:
    one = Observed(mongo_url)
    one.things.insert_many([{"_id": number, "n": number % 3} for number in range(10)])
    one.spans()
    try:
        if request.param == "sampled":
            yield one
        else:
            with suppress_instrumentation():
                yield one
            assert one.spans() == []
    finally:
        one.close()
        uninstrument_mongo()


def names(one: Observed) -> Counts:
    """Return the operations since the collection was filled; none has failed."""
    counts = {name: count for (name, _), count in one.counted().items()}
    counts["insert"] -= 1
    return {name: count for name, count in counts.items() if count}


ADMINISTRATION: list[tuple[Callable[[Observed], Any], Counts]] = [
    (lambda one: one.db.create_collection("new"), {"create": 1}),
    (lambda one: one.db["a"]["b"].c.insert_one({}), {"insert": 1}),
    (lambda one: one.db["fs.files"].find_one(), {"find": 1}),
    (lambda one: one.db.fs.files.insert_one({}), {"insert": 1}),
    (lambda one: one.db.operations.insert_one({}), {"insert": 1}),
    (lambda one: one.db.metrics.command.client.run.insert_one({}), {"insert": 1}),
    (lambda one: one.client["operations"].telemetry.find_one(), {"find": 1}),
    (lambda one: list(one.db.aggregate([{"$listLocalSessions": {}}])), {"aggregate": 1}),
    (lambda one: one.db.list_collection_names(), {"listCollections": 1}),
    (lambda one: list(one.db.list_collections()), {"listCollections": 1}),
    (lambda one: one.db.validate_collection("things"), {"validate": 1}),
    (lambda one: one.things.options(), {"listCollections": 1}),
    (lambda one: one.things.index_information(), {"listIndexes": 1}),
    (lambda one: list(one.things.list_indexes()), {"listIndexes": 1}),
    (lambda one: one.things.create_index("n"), {"createIndexes": 1}),
    (lambda one: one.things.create_indexes([IndexModel("a"), IndexModel("b")]), {"createIndexes": 1}),
    (lambda one: one.things.drop_indexes(), {"dropIndexes": 1}),
    (lambda one: one.things.rename("others"), {"renameCollection": 1}),
    (lambda one: one.things.drop(), {"drop": 1}),
    (lambda one: one.db.drop_collection(one.things), {"drop": 1}),
    (lambda one: one.client.drop_database(one.db), {"dropDatabase": 1}),
    (lambda one: one.client.list_database_names(), {"listDatabases": 1}),
    (lambda one: list(one.client.list_databases()), {"listDatabases": 1}),
    (lambda one: one.client.server_info(), {"buildInfo": 1}),
    (lambda one: one.db.command(SON([("ping", 1)])), {"ping": 1}),
    (lambda one: one.db.command("collStats", "things"), {"collStats": 1}),
    (lambda one: one.client.admin.command("hello"), {"hello": 1}),
]
READS: list[tuple[Callable[[Observed], Any], Counts]] = [
    (lambda one: list(one.things.find_raw_batches()), {"find": 1}),
    (lambda one: list(one.things.find_raw_batches(batch_size=4)), {"find": 1, "getMore": 2}),
    (lambda one: list(one.things.aggregate_raw_batches(PIPELINE)), {"aggregate": 1, "getMore": 1}),
    (lambda one: list(one.things.aggregate(PIPELINE, batchSize=4)), {"aggregate": 1, "getMore": 2}),
    (lambda one: [*one.things.find(batch_size=4)], {"find": 1, "getMore": 2}),
    (lambda one: next(one.things.find(batch_size=4)), {"find": 1}),
    (lambda one: one.things.find()[5], {"find": 1}),
    (lambda one: list(one.things.find()[2:4]), {"find": 1}),
    (lambda one: one.things.find().distinct("n"), {"distinct": 1}),
    (lambda one: one.things.find().explain(), {"explain": 1}),
    (lambda one: list(one.things.find().clone()), {"find": 1}),
    (lambda one: one.things.find().close(), {}),
    (lambda one: one.things.find(), {}),
    (lambda one: one.things.with_options().find_one(), {"find": 1}),
    (lambda one: one.things.find_one({"_id": 77}), {"find": 1}),
    (lambda one: one.things.bulk_write([InsertOne({}), InsertOne({})], ordered=False), {"bulkWrite": 1}),
]


@pytest.mark.parametrize(("call", "counts"), [*ADMINISTRATION, *READS])
def test_a_call_is_one_operation(observed: Observed, call: Callable[[Observed], Any], counts: Counts) -> None:
    """A call of a method is one operation, whatever other methods the driver calls for it."""
    call(observed)
    assert names(observed) == counts, observed.sent()
    assert observed.swallowed() == 0


def test_grid_fs_is_observed(observed: Observed) -> None:
    """Files are stored and read by operations on two collections, all of which are observed (GridFS)."""
    files = gridfs.GridFS(observed.db)
    identity = files.put(b"x" * 600_000, filename="a.bin")
    assert files.get(identity).read() == b"x" * 600_000
    bucket = gridfs.GridFSBucket(observed.db, bucket_name="b.c")
    with bucket.open_upload_stream("b.bin") as stream:
        stream.write(b"data")
    assert bucket.open_download_stream_by_name("b.bin").read() == b"data"
    files.delete(identity)
    sent = observed.sent()
    # Creating a collection's index also reads the list of its indexes: the driver's ``index_information``.
    assert {(name, ""): count for name, count in names(observed).items()} == {
        name: count - (name == ("insert", "")) for name, count in sent.items()
    }


def test_a_cursor_can_be_used_in_every_way(observed: Observed) -> None:
    """Rewinding, partial reading and closing early give the driver's results; the end of a cursor sends nothing."""
    cursor = observed.things.find(batch_size=4).sort("_id", 1)
    assert [next(cursor)["_id"] for _ in range(3)] == [0, 1, 2]
    assert [thing["_id"] for thing in cursor.rewind()] == list(range(10))
    assert list(cursor) == []
    assert names(observed) == {"find": 2, "getMore": 2}
    with observed.things.find(batch_size=2) as early:
        next(early)
    assert list(early)[:1] in ([], [{"_id": 1, "n": 1}])
    with pytest.raises(InvalidOperation):
        cursor.limit(2)


@pytest.mark.skipif(not hasattr(pymongo.cursor.Cursor, "to_list"), reason="pymongo 4.9 added to_list")
def test_to_list_is_the_drivers(observed: Observed) -> None:
    """``to_list`` returns what the driver's own method returns, and raises its errors."""
    assert len(observed.things.find(batch_size=4).to_list()) == 10
    assert len(observed.things.find().to_list(3)) == 3
    with pytest.raises(ValueError, match="to_list"):
        observed.things.find().to_list(0)
    assert names(observed) == {"find": 2, "getMore": 2}


@pytest.mark.skipif(not hasattr(MongoClient, "bulk_write"), reason="pymongo 4.9 added the client's bulk_write")
def test_a_bulk_of_the_client_is_observed(observed: Observed) -> None:
    """``MongoClient.bulk_write`` requires MongoDB 8.0; its failure on an older server is observed and unchanged."""
    with pytest.raises(InvalidOperation):
        observed.client.bulk_write([InsertOne({}, namespace="a.b")])
    assert observed.counted()["bulkWrite", "InvalidOperation"] == 1


@pytest.mark.parametrize("command", [{}, None, 17, "", "drop table; --", {1: 1}, {"\ud800": 1}, b"ping"])
def test_what_is_no_command_raises_the_drivers_error(observed: Observed, command: Any) -> None:
    """A wrong command raises what the driver raises, and counts as ``other`` (opentelemetry-python-contrib#1918)."""
    before = observed.counted()
    with pytest.raises(Exception) as seen:  # noqa: PT011  (the driver's exceptions differ between its versions)
        observed.db.command(command)
    assert {name for name, _ in observed.counted().keys() - before.keys()} == {"other"}
    uninstrument_mongo()
    with pytest.raises(type(seen.value)):
        observed.db.command(command)


def test_documents_of_other_classes_are_unchanged(observed: Observed) -> None:
    """Document classes, codec options and equality are those of plain pymongo."""
    raw = MongoClient[RawBSONDocument](*observed.client.address or (), document_class=RawBSONDocument)
    with raw:
        assert isinstance(raw[observed.db.name]["things"].find_one(), RawBSONDocument)
    assert observed.db.things == observed.db["things"]
    assert observed.things.database is observed.db
    assert type(observed.db.things) is pymongo.collection.Collection
    assert names(observed) == {"find": 1}


def test_a_session_is_not_recorded(observed: Observed) -> None:
    """Operations in a session have plain attributes only (opentelemetry-python-contrib#1918)."""
    with observed.client.start_session() as session:
        observed.things.insert_one({}, session=session)
        observed.db.command("ping", session=session)
    assert names(observed) == {"insert": 1, "ping": 1}
    for span in observed.spans():
        assert all(isinstance(value, str | int) for value in span.attributes.values())
        assert "lsid" not in span.to_json()


def test_a_change_stream_is_not_observed(observed: Observed) -> None:
    """Waiting for changes is not an operation."""
    with observed.db.watch(max_await_time_ms=50) as stream:
        assert stream.try_next() is None
        observed.things.insert_one({})
        change = wait_until("a change to arrive", stream.try_next)
    assert change["operationType"] == "insert"
    assert names(observed) == {"insert": 1}


class Customers(MongoClient[dict[str, Any]]):
    """A client as other libraries define it: databases of their own class, an own method."""

    def __getitem__(self, name: str) -> Any:
        database: Any = super().__getitem__(name)
        return database

    def first(self, database: str) -> Any:
        return self[database].things.find_one()


def test_clients_of_other_classes_are_observed(observed: Observed, mongo_url: str) -> None:
    """A subclass of another library is observed like its base class."""
    with Customers(mongo_url) as client:
        assert client.first(observed.db.name)["_id"] == 0
    assert names(observed) == {"find": 1}


def test_observing_does_not_keep_a_client(observed: Observed, mongo_url: str) -> None:
    """Clients, collections and pools are freed when the application drops them."""
    client: MongoClient[Any] = MongoClient(mongo_url)
    client[observed.db.name].things.find_one()
    client.close()
    found = ref(client)
    del client
    gc.collect()
    assert found() is None


def test_an_error_in_a_batch_is_unchanged(observed: Observed) -> None:
    """An error of the server in a later batch reaches the application, and has the server's name."""
    cursor = observed.things.find(batch_size=2)
    next(cursor)
    observed.db.command("killCursors", "things", cursors=[cursor.cursor_id])
    with pytest.raises(OperationFailure) as failure:
        list(cursor)
    assert failure.value.code == 43
    assert observed.counted()["getMore", "CursorNotFound"] == 1


@pytest.mark.parametrize("given", ["name", "object", "keyword"])
def test_the_removal_of_a_database_is_an_operation_on_it(mongo_url: str, given: str) -> None:
    """Its method is one of the client, but the span names the database that is removed, not ``admin``."""
    one = Observed(mongo_url)
    try:
        if given == "name":
            one.client.drop_database(one.db.name)
        elif given == "object":
            one.client.drop_database(one.db)
        else:
            one.client.drop_database(name_or_database=one.db.name)
        (span,) = one.spans()
        assert span.attributes is not None
        assert (span.name, span.attributes["db.namespace"]) == (f"{one.db.name}.dropDatabase", one.db.name)
        with pytest.raises(TypeError, match="name_or_database"):
            one.client.drop_database(5)  # type: ignore[arg-type]
    finally:
        one.close()
        uninstrument_mongo()
