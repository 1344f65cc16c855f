"""Operations on a real MongoDB: each is counted once under its command's name, and has a span if it is traced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
from bson.codec_options import CodecOptions
from bson.errors import InvalidDocument
from opentelemetry import trace
from opentelemetry.instrumentation.utils import suppress_instrumentation
from pymongo import InsertOne
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError, OperationFailure, ServerSelectionTimeoutError
from pymongo.read_preferences import ReadPreference

from glasshouse_observability.mongo.instrumentation import uninstrument_mongo
from library_support.mongo import Observed
from library_support.ports import free_port

SECRET = "ann@example.com"


@pytest.fixture
def observed(mongo_url: str) -> Iterator[Observed]:
    one = Observed(mongo_url)
    yield one
    one.close()
    uninstrument_mongo()


def everything(one: Observed) -> None:
    """Run each operation that is observed, with cursors that need zero, one and several batches."""
    things = one.things
    things.insert_one({"_id": 1, "n": 1})
    things.insert_many([{"_id": number, "n": number} for number in range(2, 8)])
    things.update_one({"_id": 1}, {"$inc": {"n": 1}})
    things.update_many({}, {"$inc": {"n": 1}})
    things.replace_one({"_id": 1}, {"n": 5})
    assert things.find_one({"_id": 1}) == {"_id": 1, "n": 5}
    assert things.find_one({"_id": 99}) is None
    assert len(list(things.find({}, batch_size=3))) == 7
    assert len(list(islice(things.find({}, batch_size=2), 3))) == 3
    assert list(things.find({"_id": 99})) == []
    assert [thing["_id"] for thing in things.find().sort("_id", -1).limit(2)] == [7, 6]
    cursor = things.find({"_id": 1})
    assert (len(list(cursor)), len(list(cursor)), len(list(cursor.rewind())), len(list(cursor.clone()))) == (1, 0, 1, 1)
    assert things.find().sort("_id", 1)[2]["_id"] == 3
    things.find_one_and_update({"_id": 1}, {"$inc": {"n": 1}})
    things.find_one_and_replace({"_id": 1}, {"n": 2})
    things.find_one_and_delete({"_id": 7})
    assert len(list(things.aggregate([{"$match": {"n": 2}}]))) == 1
    assert things.count_documents({}) == 6
    assert things.estimated_document_count() == 6
    assert len(things.distinct("n")) > 1
    things.delete_one({"_id": 6})
    things.delete_many({"_id": {"$in": [4, 5]}})
    one.db.command("ping")
    one.client.admin.command({"ping": 1})


def test_as_many_as_the_driver_has_sent(observed: Observed) -> None:
    """The number of operations of each name equals the number in the driver's events."""
    everything(observed)
    sent = observed.sent()
    assert observed.counted() == sent
    assert sent["getMore", ""] == 3
    assert sum(sent.values()) > 25


def test_a_bulk_is_one_operation(observed: Observed) -> None:
    """A bulk write is one operation, however many commands the driver sends for it."""
    observed.things.bulk_write([InsertOne({"_id": 1}), InsertOne({"_id": 2})])
    assert observed.counted() == {("bulkWrite", ""): 1}


def test_transactions_end_observed(observed: Observed) -> None:
    """Commits and aborts are observed, also within ``with_transaction``."""
    observed.things.insert_one({"_id": 1})

    def write(session: ClientSession) -> None:
        observed.things.update_one({"_id": 1}, {"$inc": {"n": 1}}, session=session)

    def give_up(session: ClientSession) -> None:
        write(session)
        raise KeyError

    with observed.client.start_session() as session:
        session.with_transaction(write)
        with pytest.raises(KeyError):
            session.with_transaction(give_up)
    assert observed.things.find_one({"_id": 1}) == {"_id": 1, "n": 1}
    assert observed.counted() == {
        ("insert", ""): 1, ("update", ""): 2, ("commitTransaction", ""): 1, ("abortTransaction", ""): 1, ("find", ""): 1
    }  # fmt: skip


def test_a_traced_operation_has_a_span(observed: Observed) -> None:
    """A traced operation has a child of the current span, with the stable conventions' attributes and no query data."""
    with observed.telemetry.tracer("test").start_as_current_span("work") as work:
        observed.things.insert_one({"_id": SECRET})
        list(observed.things.find({"_id": SECRET}))
        observed.db.command("ping")
    insert, find, ping, _ = spans = observed.spans()
    name = observed.db.name
    assert [span.name for span in spans] == [f"{name}.insert", f"{name}.find", f"{name}.ping", "work"]
    assert {span.parent.span_id for span in (insert, find, ping)} == {work.get_span_context().span_id}
    assert {span.kind for span in (insert, find, ping)} == {trace.SpanKind.CLIENT}
    host, port = observed.client.address or ("", 0)
    everywhere = {"db.system.name": "mongodb", "db.namespace": name, "server.address": host, "server.port": port}
    assert dict(find.attributes) == {**everywhere, "db.operation.name": "find", "db.collection.name": "things"}
    assert dict(ping.attributes) == {**everywhere, "db.operation.name": "ping"}
    assert SECRET not in "".join(span.to_json() for span in spans)


def test_what_is_not_traced_is_counted_alone(observed: Observed) -> None:
    """Operations of a request that is not sampled are counted but have no span."""
    with suppress_instrumentation():
        observed.things.insert_one({"_id": 1})
        list(observed.things.find())
    assert observed.spans() == []
    assert observed.counted() == {("insert", ""): 1, ("find", ""): 1}


@pytest.mark.parametrize("traced", [True, False])
def test_an_error_has_the_servers_name(observed: Observed, traced: bool) -> None:
    """An error has the server's name and no text, which may quote user input."""

    def fail() -> None:
        with pytest.raises(OperationFailure):
            list(observed.things.find({"$nonsense": SECRET}))

    if traced:
        fail()
        (span,) = observed.spans()
        assert (span.status.status_code, span.status.description) == (trace.StatusCode.ERROR, "BadValue")
        assert span.attributes["error.type"] == "BadValue"
        assert SECRET not in span.to_json()
    else:
        with suppress_instrumentation():
            fail()
        assert observed.spans() == []
    assert observed.counted() == {("find", "BadValue"): 1}


def test_a_refused_duplicate_was_answered(observed: Observed) -> None:
    """A duplicate key counts as answered: it is no error, neither in the metrics nor on the span."""
    observed.things.insert_one({"_id": 1})
    with pytest.raises(DuplicateKeyError):
        observed.things.insert_one({"_id": 1})
    assert observed.counted() == {("insert", ""): 2}
    assert {span.status.status_code for span in observed.spans()} == {trace.StatusCode.UNSET}


def test_what_cannot_be_sent_is_an_error(observed: Observed) -> None:
    """A command that cannot be sent counts as an error."""
    with pytest.raises(InvalidDocument):
        observed.things.insert_one({"_id": object()})
    assert observed.counted() == {("insert", "InvalidDocument"): 1}


def test_a_server_that_is_not_there_is_an_error() -> None:
    """An unreachable server counts as an error, although the driver publishes no command event."""
    one = Observed(f"mongodb://127.0.0.1:{free_port()}", serverSelectionTimeoutMS=100)
    try:
        with pytest.raises(ServerSelectionTimeoutError):
            one.things.find_one()
    finally:
        one.client.close()
        uninstrument_mongo()
    assert one.counted() == {("find", "ServerSelectionTimeoutError"): 1}
    assert one.commands.sent == Counter()


def test_other_options_are_observed_too(observed: Observed) -> None:
    """Databases and collections obtained with other options are observed too."""
    options: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)
    database = observed.client.get_database(observed.db.name, codec_options=options)
    others = [
        database["things"],
        database.things,
        database.get_collection("things", read_preference=ReadPreference.SECONDARY_PREFERRED),
        database.with_options(read_preference=ReadPreference.NEAREST)["things"],
        observed.things.with_options(read_preference=ReadPreference.PRIMARY_PREFERRED),
        getattr(observed.client, observed.db.name)["things"],
        observed.client.get_default_database(observed.db.name)["things"],
    ]
    for other in others:
        list(other.find())
    assert observed.counted() == {("find", ""): len(others)}
    assert [other.codec_options.tz_aware for other in others] == [True, True, True, True, False, False, False]
    assert [other.read_preference.name for other in others] == [
        "Primary", "Primary", "SecondaryPreferred", "Nearest", "PrimaryPreferred", "Primary", "Primary"
    ]  # fmt: skip
