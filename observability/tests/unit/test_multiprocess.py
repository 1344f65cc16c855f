"""Metrics that several processes of one replica share."""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import Counter, Gauge, values

from glasshouse_observability import Telemetry, TelemetrySettings
from glasshouse_observability.metrics import multiprocess
from glasshouse_observability.metrics.multiprocess import SETTING, SharedFolder


@pytest.fixture
def shared(tmp_path: Path) -> SharedFolder:
    return SharedFolder(str(tmp_path / "counts"))


@pytest.fixture(autouse=True)
def _as_found(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Restore what joining a shared folder changes in the process."""
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    yield
    assert not multiprocess.is_joined()


def worker(shared: SharedFolder, slot: int, served: int, then_fork: bool = False) -> None:
    """Run a worker in its own process: join, serve, and exit without cleaning up."""
    pid = os.fork()
    if pid == 0:
        multiprocess.join(shared.path, slot)
        registry = Telemetry(TelemetrySettings(service="api", instance="api-1")).registry
        requests = Counter("requests_total", "", registry=registry)
        Gauge("busy", "", registry=registry, multiprocess_mode="livesum").set(served)
        requests.inc(served)
        if then_fork and os.fork() == 0:
            requests.inc(served)
            os._exit(0)
        if then_fork:
            os.wait()
            requests.inc(served)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0


def test_workers_are_added_up(shared: SharedFolder) -> None:
    """One registry exposes the sum of all processes, including those that have ended."""
    for slot in range(4):
        worker(shared, slot, served=10)
    assert shared.registry()[0].get_sample_value("requests_total") == 40


def test_a_worker_counts_on_where_the_dead_one_of_its_slot_ended(shared: SharedFolder) -> None:
    """A worker continues the counts of the dead worker in its slot.

    After 100 deaths the counts are right and there is still one file.
    """
    for _ in range(100):
        worker(shared, 0, served=3)
    assert shared.registry()[0].get_sample_value("requests_total") == 300
    assert len(list(Path(shared.path).glob("counter_*.db"))) == 1


def test_the_gauges_of_the_dead_are_forgotten(shared: SharedFolder) -> None:
    """Gauges of a dead worker are removed, so that its requests do not count as active forever."""
    worker(shared, 0, served=3)
    worker(shared, 1, served=4)
    assert shared.registry()[0].get_sample_value("busy") == 7
    shared.forget_gauges(0)
    assert shared.registry()[0].get_sample_value("busy") == 4
    assert shared.registry()[0].get_sample_value("requests_total") == 7


def test_what_a_worker_forks_does_not_write_into_its_files(shared: SharedFolder) -> None:
    """A fork of a worker and the worker both count, and neither overwrites the other's values."""
    worker(shared, 0, served=5, then_fork=True)
    assert shared.registry()[0].get_sample_value("requests_total") == 15


def test_replicas_may_have_the_same_base(shared: SharedFolder) -> None:
    """Two replicas with the same base folder count separately, and neither removes the other's folder."""
    other = SharedFolder(str(Path(shared.path).parent))
    worker(shared, 0, served=1)
    worker(other, 0, served=2)
    assert shared.registry()[0].get_sample_value("requests_total") == 1
    assert other.registry()[0].get_sample_value("requests_total") == 2


def test_the_folder_of_a_replica_that_is_gone_is_removed(tmp_path: Path) -> None:
    """The folder of a dead replica is removed, because its counts would be exposed as those of the next one."""
    pid = os.fork()
    if pid == 0:
        SharedFolder(str(tmp_path))
        os.kill(os.getpid(), 9)
    os.waitpid(pid, 0)
    (left,) = tmp_path.glob("replica-*")
    fresh = SharedFolder(str(tmp_path))
    assert not left.exists()
    assert Path(fresh.path).exists()


def test_a_process_that_did_not_join_writes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has the setting but did not join counts in memory and keeps its process metrics.

    An RQ worker may have the setting in its environment.
    """
    monkeypatch.setenv(SETTING, str(tmp_path))
    monkeypatch.setattr(values, "ValueClass", values.get_value_class())  # type: ignore[no-untyped-call]
    registry = Telemetry(TelemetrySettings(service="worker", instance="worker-1")).registry
    Counter("jobs_total", "", registry=registry).inc()
    assert registry.get_sample_value("jobs_total") == 1
    assert registry.get_sample_value("process_resident_memory_bytes")
    assert list(tmp_path.iterdir()) == []


def damage(shared: SharedFolder, name: str, content: bytes) -> Path:
    path = Path(shared.path) / name
    path.write_bytes(content)
    return path


GARBLED = [
    b"",
    b"\x01",
    struct.pack("i4x", 2**31 - 1),
    struct.pack("i4x", -5),
    struct.pack("i4xi", 64, -12) + b"x" * 100,
    struct.pack("i4xi", 64, 1000) + b"x" * 100,
    struct.pack("i4xi", 40, 4) + b"[1,2" + b" " * 8 + struct.pack("dd", 1, 0),
    random.Random(7).randbytes(65536),
    *(struct.pack("i4x", 4096) + random.Random(seed).randbytes(65528) for seed in range(20)),
]


@pytest.mark.parametrize("content", GARBLED)
def test_a_damaged_file_costs_only_its_numbers(shared: SharedFolder, content: bytes) -> None:
    """A scrape omits a file that is empty, truncated or garbled, counts it, and has the numbers of all others.

    prometheus/client_python#1199, #996.
    """
    worker(shared, 0, served=10)
    damage(shared, "counter_1.db", content)
    damage(shared, "histogram_7.db", content)
    registry, _ = shared.registry()
    values = {sample.name: sample.value for metric in registry.collect() for sample in metric.samples}
    assert values["requests_total"] == 10
    assert values["telemetry_errors_total"] >= 2


@pytest.mark.parametrize("content", GARBLED)
def test_a_worker_starts_although_the_files_of_its_slot_are_damaged(shared: SharedFolder, content: bytes) -> None:
    """The worker that takes a slot sets its damaged files aside and counts in new ones."""
    worker(shared, 0, served=10)
    worker(shared, 1, served=10)
    damage(shared, "counter_1.db", content)
    worker(shared, 1, served=5)
    registry, _ = shared.registry()
    assert registry.get_sample_value("requests_total") == 15
    assert registry.get_sample_value("telemetry_errors_total", {"where": "metrics.shared_files"}) is None


def test_errors_of_workers_and_master_are_one_metric(shared: SharedFolder) -> None:
    """``telemetry_errors_total`` is exposed once, with the sums of workers and master."""
    pid = os.fork()
    if pid == 0:
        multiprocess.join(shared.path, 0)
        telemetry = Telemetry(TelemetrySettings(service="api", instance="api-1"))
        telemetry.swallowed("metrics.shared_files", ValueError())
        telemetry.swallowed("elsewhere", ValueError())
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    damage(shared, "counter_1.db", b"")
    registry, _ = shared.registry()
    assert [metric.name for metric in registry.collect()].count("telemetry_errors") == 1
    assert registry.get_sample_value("telemetry_errors_total", {"where": "elsewhere"}) == 1
    # One of the worker, and one for each of the two scrapes before this one.
    assert registry.get_sample_value("telemetry_errors_total", {"where": "metrics.shared_files"}) == 4
