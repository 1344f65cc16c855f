"""Labels with a bounded number of values."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary, values

from glasshouse_observability import Telemetry, TelemetrySettings
from glasshouse_observability.metrics import label_files, multiprocess
from glasshouse_observability.metrics.cardinality import LabelGuard
from glasshouse_observability.metrics.multiprocess import SharedFolder
from glasshouse_observability.rq import fork_report


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def guard(registry: CollectorRegistry) -> LabelGuard:
    return LabelGuard(registry, most=3)


def visits(registry: CollectorRegistry) -> Counter:
    return Counter("visits_total", "Visits", ["page", "campaign"], registry=registry)


def of(registry: CollectorRegistry, campaign: str) -> float | None:
    return registry.get_sample_value("visits_total", {"page": "home", "campaign": campaign})


def overflow(registry: CollectorRegistry, metric: str = "visits_total", label: str = "campaign") -> float | None:
    return registry.get_sample_value("telemetry_label_overflow_total", {"metric": metric, "label": label})


def test_values_beyond_the_bound_are_counted_as_other(registry: CollectorRegistry, guard: LabelGuard) -> None:
    """Values beyond the limit are counted as ``other``, and their number is reported.

    The first three values keep their names, also later, and no increment is lost.
    """
    metric = guard.limit(visits(registry), "campaign")
    assert overflow(registry) == 0
    for _ in range(2):
        for number in range(10):
            metric.labels("home", f"c{number}").inc()
    assert [of(registry, f"c{number}") for number in range(10)] == [2, 2, 2] + [None] * 7
    assert (of(registry, "other"), overflow(registry)) == (14, 14)


def test_each_label_has_its_own_bound(registry: CollectorRegistry, guard: LabelGuard) -> None:
    """Each label has its own limit, which may be set later and lower; a label without a limit is unlimited."""
    metric = visits(registry)
    assert guard.limit(guard.limit(metric, "campaign"), "page", most=1) is metric
    for number in range(5):
        metric.labels(f"p{number}", "c").inc()
    assert (overflow(registry, label="page"), overflow(registry)) == (4, 0)
    assert registry.get_sample_value("visits_total", {"page": "other", "campaign": "c"}) == 4


def test_names_and_numbers_are_taken_as_prometheus_takes_them(registry: CollectorRegistry, guard: LabelGuard) -> None:
    """Label values are accepted by position or keyword and converted to text, as in prometheus_client.

    Wrong labels raise the same errors.
    """
    metric = guard.limit(visits(registry), "campaign", most=1)
    metric.labels(campaign=7, page="home").inc()
    metric.labels("home", 7).inc()
    metric.labels(campaign=8, page="home").inc()
    assert (of(registry, "7"), of(registry, "other")) == (2, 1)
    for wrong in ({"campaign": "x"}, {"campaign": "x", "page": "y", "z": "z"}):
        with pytest.raises(ValueError, match="label"):
            metric.labels(**wrong)
    with pytest.raises(ValueError, match="label"):
        metric.labels("home")


def test_what_was_declared_in_advance_takes_no_room(registry: CollectorRegistry, guard: LabelGuard) -> None:
    """Values that were declared before the limit do not count towards it, such as an application's 200 routes."""
    metric = visits(registry)
    for number in range(200):
        metric.labels("home", f"known{number}")
    guard.limit(metric, "campaign")
    for campaign in ("known0", "known199", "a", "b", "c", "d"):
        metric.labels("home", campaign).inc()
    assert [of(registry, one) for one in ("known0", "known199", "a", "b", "c", "other")] == [1] * 6
    assert overflow(registry) == 1


@pytest.mark.parametrize("kind", [Counter, Gauge, Histogram, Summary])
def test_every_kind_of_metric_may_be_bounded(
    kind: type[Counter | Gauge | Histogram | Summary], registry: CollectorRegistry, guard: LabelGuard
) -> None:
    """Every kind of metric can be limited, and the overflow is reported under the exposed name."""
    metric = guard.limit(kind("size", "", ["who"], registry=registry), "who", most=1)
    for who in ("a", "b"):
        metric.labels(who)
    assert overflow(registry, "size_total" if kind is Counter else "size", "who") == 1


def test_a_label_that_is_not_there_is_refused(registry: CollectorRegistry, guard: LabelGuard) -> None:
    """A limit for an unknown label is refused with the metric's labels."""
    with pytest.raises(ValueError, match="visits has no label campain; it has page, campaign"):
        guard.limit(visits(registry), "campain")


def test_many_threads_keep_the_bound(registry: CollectorRegistry, guard: LabelGuard) -> None:
    """Eight threads that add the same values at the same time keep the limit, and every visit is counted."""
    metric = guard.limit(visits(registry), "campaign", most=50)
    together = threading.Barrier(8)

    def visit(_: int) -> None:
        together.wait()
        for number in range(500):
            metric.labels("home", f"c{number}").inc()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(visit, range(8)))
    counted = {s.labels["campaign"]: s.value for m in registry.collect() for s in m.samples if s.name == "visits_total"}
    assert len(counted) == 51
    assert sum(counted.values()) == 8 * 500
    assert counted["other"] == overflow(registry) == 8 * 450


def test_what_work_horses_carry_home_is_bounded_together() -> None:
    """The reports of forks add no more values to their parent than one process may have.

    Each fork observes other values.
    """
    telemetry = Telemetry(TelemetrySettings(service="worker", instance="worker-1", label_values=3))
    metric = telemetry.guard.limit(visits(telemetry.registry), "campaign")
    for job in range(5):
        with fork_report.open_file() as file:
            child = os.fork()
            if child == 0:
                fork_report.reset(telemetry.registry)
                metric.labels("home", f"a{job}").inc()
                metric.labels("home", f"b{job}").inc()
                fork_report.write(
                    file, fork_report.ForkReport("finished", fork_report.collect_increases(telemetry.registry))
                )
                os._exit(0)
            os.waitpid(child, 0)
            report = fork_report.read(file)
            assert report is not None
            fork_report.add_increases(telemetry.registry, report.metrics)
    counted = [s for m in telemetry.registry.collect() for s in m.samples if s.name == "visits_total"]
    assert sorted(s.labels["campaign"] for s in counted) == ["a0", "a1", "b0", "other"]
    assert sum(s.value for s in counted) == 10


def worker(shared: SharedFolder, slot: int, campaigns: range) -> None:
    """Run a worker in its own process."""
    pid = os.fork()
    if pid == 0:
        multiprocess.join(shared.path, slot)
        telemetry = Telemetry(TelemetrySettings(service="api", instance="api-1", label_values=3))
        metric = telemetry.guard.limit(visits(telemetry.registry), "campaign")
        for number in campaigns:
            metric.labels("home", f"c{number}").inc()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0


def test_the_workers_of_a_replica_have_one_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All workers of a replica share one limit, including workers that replace a dead one.

    A value that one worker admitted can be used by all.
    """
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    shared = SharedFolder(str(tmp_path / "counts"))
    for slot, campaigns in ((0, range(0, 2)), (1, range(1, 6)), (0, range(4, 9)), (1, range(0, 3))):
        worker(shared, slot, campaigns)
    registry, _ = shared.registry()
    assert [of(registry, f"c{number}") for number in range(10)] == [2, 3, 2] + [None] * 7
    assert of(registry, "other") == overflow(registry) == 8


def test_a_folder_that_cannot_be_written_leaves_each_process_its_bound(tmp_path: Path) -> None:
    """If the folder cannot be written, each process keeps its own limit, because telemetry must not be lost."""
    nowhere = tmp_path / "gone" / "x.values"
    assert label_files.admit(nowhere, "a", 2, {}) == (True, 1)


def test_a_file_that_was_cut_off_does_no_harm(tmp_path: Path) -> None:
    """A line that a killed process left incomplete is skipped."""
    path = tmp_path / "x.values"
    path.write_text('"a"\n"b')
    known: dict[str, str] = {}
    assert label_files.admit(path, "c", 5, known) == (True, 3)
    assert known == {"a": "a"}


def test_a_series_that_was_removed_may_come_again(registry: CollectorRegistry, guard: LabelGuard) -> None:
    """A series that was removed starts again from zero, keeps its admission and is written to the new series."""
    metric = guard.limit(visits(registry), "campaign", most=1)
    metric.labels("home", "a").inc(5)
    metric.remove("home", "a")
    assert of(registry, "a") is None
    metric.labels("home", "a").inc()
    metric.clear()
    metric.labels("home", "a").inc()
    metric.labels("home", "b").inc()
    assert (of(registry, "a"), of(registry, "b"), of(registry, "other")) == (1, None, 1)
