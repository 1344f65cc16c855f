"""The metrics that show whether MongoDB accepts writes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from glasshouse_observability.mongo.up import MongoUp
from library_support.waiting import wait_until

UNREACHABLE = "mongodb://127.0.0.1:1/?directConnection=true"
SCRAPES = 4


@pytest.fixture
def mongo_up() -> Iterator[MongoUp]:
    collector = MongoUp(UNREACHABLE, CollectorRegistry(), patience=0.1)
    yield collector
    collector.close()


def values(collector: MongoUp) -> dict[str, float]:
    return {sample.name: sample.value for metric in collector.collect() for sample in metric.samples}


def test_a_server_that_is_down_is_shown_with_the_time_it_was_waited_for(mongo_up: MongoUp) -> None:
    """A server that is down is shown as down, with the time for which the driver looked for a server."""
    found = values(mongo_up)
    assert found["mongodb_up"] == 0.0
    assert found["mongodb_ping_seconds"] >= 0.1


def test_scrapes_at_the_same_time_share_one_answer(mongo_up: MongoUp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scrapes at the same time share one query, so that a server without an answer is waited for once."""
    asked, answer = threading.Event(), threading.Event()
    commands: list[str] = []

    def command(name: str) -> dict[str, Any]:
        commands.append(name)
        asked.set()
        assert answer.wait(10)
        return {"isWritablePrimary": True}

    client = mongo_up._client
    monkeypatch.setattr(mongo_up, "_client", SimpleNamespace(admin=SimpleNamespace(command=command)))
    with ThreadPoolExecutor(SCRAPES) as pool:
        scrapes = [pool.submit(values, mongo_up)]
        assert asked.wait(10)
        outcome: Any = mongo_up._asking._flights["hello"].outcome
        scrapes += [pool.submit(values, mongo_up) for _ in range(SCRAPES - 1)]
        wait_until("the others to wait", lambda: len(outcome._condition._waiters) == SCRAPES - 1)
        answer.set()
        found = [scrape.result(10) for scrape in scrapes]
    monkeypatch.setattr(mongo_up, "_client", client)
    assert [one["mongodb_up"] for one in found] == [1.0] * SCRAPES
    assert commands == ["hello"]
