"""payment-slow on a real MongoDB: the index is dropped, the scan is logged, and the index is restored."""

from __future__ import annotations

import itertools
import logging
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry
from pymongo import MongoClient

from glasshouse_observability import Telemetry, TelemetrySettings
from payments import fault_injection, repeats
from payments.fault_injection import LostIndex
from payments.ledger import Ledger, TooManyRepeats
from tests.unit.faults.fakes import FakeFaults

BATCH = 400


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def ledger(mongo_url: str, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """Return a separate ledger, with small histories."""
    monkeypatch.setattr(fault_injection, "BATCH", BATCH)
    monkeypatch.setattr(repeats, "GOOD_FOR_SECONDS", 0.0)
    client: MongoClient[dict[str, Any]] = MongoClient(mongo_url, tz_aware=True)
    database = f"payments-{uuid.uuid4().hex[:8]}"
    yield Ledger(client, database, registry)
    client.drop_database(database)
    client.close()


@pytest.fixture
def faults() -> FakeFaults:
    return FakeFaults()


def lost_index(ledger: Ledger, faults: FakeFaults) -> LostIndex:
    """Return the fault handler of a new process."""
    return LostIndex(faults, ledger.charges, ledger.prepare)  # type: ignore[arg-type]


def charge(ledger: Ledger, number: int) -> str:
    return ledger.record(f"key-{number}", f"ord_{number}", 500, "EUR", "approved")[0].id


def test_a_process_that_starts_makes_the_indexes(ledger: Ledger, faults: FakeFaults) -> None:
    """A new process creates the indexes, whether faults are wired or not."""
    lost_index(ledger, faults).look()
    assert repeats.ORDER_INDEX in ledger.charges.index_information()
    assert ledger.charges.estimated_document_count() == 0


def test_the_index_is_dropped_and_restored(ledger: Ledger, faults: FakeFaults) -> None:
    """The index is dropped with a history to scan, and restored; afterwards only the customers' charges remain."""
    lost = lost_index(ledger, faults)
    lost.look()
    first = charge(ledger, 1)
    faults.switch("payment-slow", milliseconds=1)
    lost.look()
    assert repeats.ORDER_INDEX not in ledger.charges.index_information()
    assert ledger.charges.count_documents({}) >= 5 * BATCH
    assert charge(ledger, 2) != first
    faults.off("payment-slow")
    lost.look()
    assert repeats.ORDER_INDEX in ledger.charges.index_information()
    assert sorted(one["_id"] for one in ledger.charges.find()) == ["key-1", "key-2"]


def test_a_process_that_died_meanwhile_leaves_it_to_the_next(ledger: Ledger, faults: FakeFaults) -> None:
    """A new process brings the ledger into the state of the flag, whatever state a dead process left."""
    faults.switch("payment-slow", milliseconds=1)
    lost_index(ledger, faults).look()
    lost_index(ledger, faults).look()
    assert repeats.ORDER_INDEX not in ledger.charges.index_information()
    faults.off("payment-slow")
    lost_index(ledger, faults).look()
    assert repeats.ORDER_INDEX in ledger.charges.index_information()
    assert ledger.charges.count_documents({}) == 0


def test_a_switch_is_heard_while_the_history_grows(ledger: Ledger, faults: FakeFaults) -> None:
    """The thread that adds the history also notices a switch meanwhile, and stops adding."""
    looks = itertools.count(1)

    def off_at_the_third() -> None:
        if next(looks) == 3:
            faults.off("payment-slow")

    faults.at_look = off_at_the_third
    faults.switch("payment-slow", milliseconds=60_000)
    lost = lost_index(ledger, faults)
    lost.look()
    assert ledger.charges.count_documents({}) == 2 * BATCH
    lost.look()
    assert ledger.charges.count_documents({}) == 0


@pytest.mark.parametrize("index", [True, False])
def test_a_slow_check_says_how_the_database_found_the_documents(
    ledger: Ledger,
    registry: CollectorRegistry,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    index: bool,
) -> None:
    """A slow check reports on its span, in a log line and in a metric whether it used an index or a scan."""
    exporter = InMemorySpanExporter()
    telemetry = Telemetry(TelemetrySettings(service="payments", instance="payments"), exporter=exporter)
    monkeypatch.setattr(repeats.trace, "get_tracer", telemetry.provider.get_tracer)
    monkeypatch.setattr(repeats, "SLOW_SECONDS", 0.0)
    ledger.prepare()
    if not index:
        ledger.charges.drop_index(repeats.ORDER_INDEX)
    ledger.charges.insert_many([{"_id": f"old-{n}", "order_id": f"o{n}", "created_at": n} for n in range(100)])
    with caplog.at_level(logging.WARNING, "mongo"):
        charge(ledger, 1)
    telemetry.provider.force_flush()
    (span,) = [span for span in exporter.get_finished_spans() if span.name == "check repeats"]
    plan, examined = ("IXSCAN", 0) if index else ("COLLSCAN", 100 * repeats.LATEST)
    assert span.attributes is not None
    assert (span.attributes["mongodb.plan"], span.attributes["mongodb.docs_examined"]) == (plan, examined)
    (line,) = caplog.records
    assert (line.__dict__["plan"], line.__dict__["docs_examined"]) == (plan, examined)
    counted = registry.get_sample_value("db_client_slow_operations_total", {"collection": "charges", "plan": plan})
    assert counted == 1


def test_repeats_are_refused(ledger: Ledger) -> None:
    """Repeated charges of the same orders under new keys are rejected."""
    ledger.prepare()

    def charge_twice(order: int) -> None:
        for turn in (1, 2):
            ledger.record(f"key-{order}-{turn}", f"ord_{order}", 500, "EUR", "approved")

    for order in range(repeats.MOST // 2 + 1):
        charge_twice(order)
    with pytest.raises(TooManyRepeats):
        charge_twice(repeats.MOST)


def test_what_was_found_is_true_for_a_second(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check runs once for all charges of a second, and again after it; if it is slow, each charge needs its own."""
    monkeypatch.setattr(repeats, "GOOD_FOR_SECONDS", 1.0)

    class Charges:
        """The ledger's charges, with a clock that advances only while they are queried."""

        name, asked, now, takes = ledger.charges.name, 0, 0.0, 0.0

        def aggregate(self, pipeline: list[dict[str, Any]]) -> list[dict[str, Any]]:
            self.asked, self.now = self.asked + 1, self.now + self.takes
            return list(ledger.charges.aggregate(pipeline))

    charges = Charges()
    check = repeats.Repeats(charges, CollectorRegistry(), lambda: charges.now)  # type: ignore[arg-type]
    monkeypatch.setattr(check, "_report", lambda *_: None)
    for moment, asked in ((0.0, 1), (0.5, 1), (0.99, 1), (1.01, 2), (2.0, 2)):
        charges.now = moment
        assert check.too_many() is False
        assert charges.asked == asked
    charges.takes, charges.now = 1.2, 3.5
    for asked in (3, 4, 5):
        check.too_many()
        assert charges.asked == asked
