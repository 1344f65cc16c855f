"""The connection pools of MongoDB clients: the figures equal those of the driver's own events."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, values
from pymongo import MongoClient, monitoring
from pymongo.errors import WaitQueueTimeoutError

from glasshouse_observability.metrics import multiprocess
from glasshouse_observability.mongo.instrumentation import uninstrument_mongo
from library_support.mongo import Document, Observed
from library_support.waiting import wait_until


@pytest.fixture(autouse=True)
def _originals_afterwards() -> Iterator[None]:
    yield
    uninstrument_mongo()


@pytest.fixture
def observed(mongo_url: str) -> Iterator[Observed]:
    one = Observed(mongo_url)
    yield one
    one.close()


class Pool(monitoring.ConnectionPoolListener):
    """Count connections as the driver's events report them."""

    def __init__(self) -> None:
        self.taken = self.used = self.open = self.timed_out = 0

    def connection_ready(self, event: monitoring.ConnectionReadyEvent) -> None:
        self.open += 1

    def connection_closed(self, event: monitoring.ConnectionClosedEvent) -> None:
        self.open -= 1

    def connection_checked_out(self, event: monitoring.ConnectionCheckedOutEvent) -> None:
        self.taken += 1
        self.used += 1

    def connection_checked_in(self, event: monitoring.ConnectionCheckedInEvent) -> None:
        self.used -= 1

    def connection_check_out_failed(self, event: monitoring.ConnectionCheckOutFailedEvent) -> None:
        self.timed_out += event.reason == "timeout"

    def pool_created(self, event: monitoring.PoolCreatedEvent) -> None:
        """Do nothing."""

    pool_ready = pool_cleared = pool_closed = pool_created  # type: ignore[assignment]
    connection_created = connection_check_out_started = pool_created  # type: ignore[assignment]


@pytest.fixture(params=["asked", "shared"])
def reader(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CollectorRegistry | None:
    """Read the process's numbers: computed on demand, or from the shared files."""
    if request.param == "asked":
        return None
    folder = multiprocess.SharedFolder(str(tmp_path))
    # First, because the reader of a folder keeps its own values in memory.
    registry, _ = folder.registry()
    monkeypatch.setenv(multiprocess.SETTING, folder.path)
    monkeypatch.setattr(multiprocess, "_joined", True)
    monkeypatch.setattr(values, "ValueClass", values.MultiProcessValue(lambda: 1))  # type: ignore[no-untyped-call]
    return registry


def test_pools_are_as_the_driver_reports(reader: CollectorRegistry | None, mongo_url: str) -> None:
    """Waits, timeouts and connections in use and idle equal the driver's events, during use and afterwards."""
    pool = Pool()
    one = Observed(mongo_url, listeners=[pool], maxPoolSize=3, waitQueueTimeoutMS=50)

    def value(name: str, **labels: str) -> float | None:
        labels["db_client_connection_pool_name"] = "mongodb"
        return (reader or one.registry).get_sample_value(f"db_client_connection_{name}", labels)

    def exposed() -> tuple[float | None, ...]:
        return value("wait_time_seconds_count"), value("count", state="used"), value("count", state="idle")

    def truth() -> tuple[int, ...]:
        return pool.taken, pool.used, pool.open - pool.used

    one.things.insert_many([{"_id": number} for number in range(9)])
    one.things.find_one()
    assert exposed() == truth() == (2, 0, 1)
    (server,) = one.client._topology._servers.values()
    checkout = server.pool.checkout if hasattr(server.pool, "checkout") else server.pool.get_socket
    with checkout(), checkout(), checkout():
        assert exposed() == truth()
        assert exposed()[1:] == (3, 0)
        with pytest.raises(WaitQueueTimeoutError):
            one.things.find_one()
        assert value("timeouts_total") == pool.timed_out > 0
    assert exposed() == truth()
    # (Older versions of the driver close the other connections after a timeout.)
    assert exposed()[1] == 0
    # The driver resets its pools when the server is lost, and maintains them about once a second.
    server.pool.reset()
    server.pool.ready()
    wait_until("the lost connections to be removed", lambda: exposed()[1:] == truth()[1:] and pool.open == 0, 10)
    one.client.drop_database(one.db.name)
    one.client.close()
    if reader is None:
        assert exposed() == truth()
        assert exposed()[1:] == (0, 0)


def test_the_pools_of_all_clients_are_counted_together(observed: Observed, mongo_url: str) -> None:
    """The pools of all clients are counted together."""
    other: MongoClient[Document] = MongoClient(mongo_url)
    observed.things.find_one()
    other[observed.db.name]["things"].find_one()
    labels = {"db_client_connection_pool_name": "mongodb"}
    assert observed.registry.get_sample_value("db_client_connection_count", {**labels, "state": "idle"}) == 2
    assert observed.registry.get_sample_value("db_client_connection_wait_time_seconds_count", labels) == 2
    other.close()
    assert observed.registry.get_sample_value("db_client_connection_count", {**labels, "state": "idle"}) == 1
