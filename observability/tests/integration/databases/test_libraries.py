"""Clients that Flask-Caching, Flask-Session, MongoEngine, Flask-PyMongo and Eve create are observed."""

from __future__ import annotations

import gc
import uuid
import warnings
from collections.abc import Iterator

import pytest
from flask import Flask, session

from glasshouse_observability.mongo.instrumentation import instrument_mongo, uninstrument_mongo
from glasshouse_observability.redis.instrumentation import instrument_redis, uninstrument_redis
from library_support.servers import Server
from library_support.signals import Signals


@pytest.fixture
def signals() -> Iterator[Signals]:
    one = Signals()
    instrument_redis(one.telemetry)
    instrument_mongo(one.telemetry)
    yield one
    uninstrument_redis()
    uninstrument_mongo()


@pytest.fixture
def database(mongo_url: str) -> str:
    """The URL of a new database."""
    return mongo_url.replace("/?", f"/test-{uuid.uuid4().hex[:12]}?")


def test_flask_caching(signals: Signals, redis_server: tuple[str, Server]) -> None:
    """A cached view reads and writes Redis; the second call is a hit."""
    caching = pytest.importorskip("flask_caching")
    app = Flask("cached")
    cache = caching.Cache(app, config={"CACHE_TYPE": "RedisCache", "CACHE_REDIS_URL": redis_server[0]})
    app.add_url_rule("/", view_func=cache.cached(timeout=50)(lambda: "ok"))
    client = app.test_client()
    assert [client.get("/").text for _ in range(2)] == ["ok", "ok"]
    counted = signals.counted()
    assert counted["GET", ""] == 2
    assert sum(count for (name, error), count in counted.items() if name in ("SETEX", "SET") and not error) == 1


def test_flask_session(signals: Signals, redis_server: tuple[str, Server]) -> None:
    """A session on the server is stored in Redis."""
    sessions = pytest.importorskip("flask_session")
    redis = pytest.importorskip("redis")
    app = Flask("sessions")
    app.config.update(SESSION_TYPE="redis", SESSION_REDIS=redis.Redis.from_url(redis_server[0]))
    sessions.Session(app)

    def view() -> str:
        session["n"] = session.get("n", 0) + 1
        return str(session["n"])

    app.add_url_rule("/", view_func=view)
    client = app.test_client()
    assert [client.get("/").text for _ in range(2)] == ["1", "2"]
    counted = signals.counted()
    assert counted["GET", ""] == 1
    assert sum(count for (name, _), count in counted.items() if name in ("SETEX", "SET")) == 2


def test_mongoengine(signals: Signals, database: str) -> None:
    """Documents of MongoEngine are saved and queried."""
    engine = pytest.importorskip("mongoengine")
    engine.connect(host=database, alias="default", uuidRepresentation="standard")

    class Thing(engine.Document):  # type: ignore[misc,name-defined]
        name = engine.StringField(unique=True)

    Thing(name="a").save()
    assert Thing.objects(name="a").first().name == "a"
    assert Thing.objects.count() == 1
    with pytest.raises(engine.NotUniqueError):
        Thing(name="a").save()
    engine.disconnect()
    counted = signals.counted()
    assert counted["insert", ""] == 2
    assert counted["find", ""] >= 1
    assert {error for _, error in counted} == {""}


def test_flask_pymongo(signals: Signals, database: str) -> None:
    """Flask-PyMongo's own subclasses of client, database and collection are observed."""
    flask_pymongo = pytest.importorskip("flask_pymongo")
    app = Flask("mongo")
    mongo = flask_pymongo.PyMongo(app, uri=database)
    mongo.db.things.insert_one({"_id": 1})
    assert mongo.db.things.find_one_or_404({"_id": 1}) == {"_id": 1}
    mongo.cx.close()
    assert signals.counted() == {("insert", ""): 1, ("find", ""): 1}


def test_eve(signals: Signals, database: str) -> None:
    """An Eve application stores and lists documents."""
    eve = pytest.importorskip("eve")
    name = database.rpartition("/")[2].partition("?")[0]
    settings = {
        "MONGO_URI": database,
        "MONGO_DBNAME": name,
        "DOMAIN": {"things": {"schema": {"name": {"type": "string"}}}},
        "RESOURCE_METHODS": ["GET", "POST"],
    }
    app = eve.Eve(settings=settings)
    client = app.test_client()
    assert client.post("/things", json={"name": "a"}).status_code == 201
    assert client.get("/things").json["_items"][0]["name"] == "a"
    with warnings.catch_warnings():
        # Eve never closes its clients.
        warnings.simplefilter("ignore", ResourceWarning)
        del app, client
        gc.collect()
    counted = signals.counted()
    assert counted["insert", ""] == 1
    assert counted["find", ""] >= 1
