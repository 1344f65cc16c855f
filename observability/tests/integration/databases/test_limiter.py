"""Clients that Flask-Limiter creates are observed, made before and after ``instrument_redis``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from glasshouse_observability.mongo.instrumentation import instrument_mongo, uninstrument_mongo
from glasshouse_observability.redis.instrumentation import instrument_redis, uninstrument_redis
from library_support.servers import Server
from library_support.signals import Signals

flask_limiter = pytest.importorskip("flask_limiter")
pytest.importorskip("flask_limiter.util")


@pytest.fixture
def signals() -> Iterator[Signals]:
    yield Signals()
    uninstrument_redis()
    uninstrument_mongo()


def limited(storage: str) -> Flask:
    """Return an application that allows one request a minute."""
    app = Flask("limited")
    limiter = flask_limiter.Limiter(flask_limiter.util.get_remote_address, app=app, storage_uri=storage)
    app.add_url_rule("/", view_func=limiter.limit("1/minute")(lambda: "ok"))
    return app


@pytest.mark.parametrize("made", ["before", "after"])
def test_the_limiters_redis_is_observed(signals: Signals, redis_server: tuple[str, Server], made: str) -> None:
    """The limiter's scripts are observed, and it limits as before; no key of a visitor is recorded."""
    app = limited(redis_server[0]) if made == "before" else None
    instrument_redis(signals.telemetry)
    client = (app or limited(redis_server[0])).test_client()
    assert [client.get("/").status_code for _ in range(2)] == [200, 429]
    assert signals.counted()["EVALSHA", ""] == 2
    spans = signals.spans()
    assert {"EVALSHA"} <= {span.name for span in spans}
    assert "LIMITER" not in "".join(span.to_json() for span in spans)


def test_the_limiters_mongo_is_observed(signals: Signals, mongo_url: str) -> None:
    """The limiter's MongoDB client, which another library creates, is observed."""
    instrument_mongo(signals.telemetry)
    client = limited(mongo_url).test_client()
    assert [client.get("/").status_code for _ in range(2)] == [200, 429]
    assert signals.counted()["findAndModify", ""] == 2
    assert {span.attributes["db.collection.name"] for span in signals.spans() if span.name.endswith("findAndModify")}
