"""A scrape has everything that can be read: a collector that fails or hangs costs only its own metrics."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from werkzeug.test import Client

from glasshouse_observability import Telemetry, TelemetrySettings
from glasshouse_observability.metrics import collection
from glasshouse_observability.metrics.exposition import metrics_app

CLASSIC, OPENMETRICS = "text/plain", "application/openmetrics-text; version=1.0.0"


class Collects(Collector):
    """A collector of an application; it calls ``ask`` at each scrape."""

    def __init__(self, ask: Callable[[], Iterable[Any]]) -> None:
        self.ask = ask

    def describe(self) -> Iterable[Metric]:
        """Return nothing, so that registration does not collect."""
        return []

    def collect(self) -> Iterable[Metric]:
        """Return what ``ask`` returns."""
        return self.ask()


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    telemetry = Telemetry(TelemetrySettings(service="api", instance="api-1"))
    Counter("hits_total", "Hits", registry=telemetry.registry).inc(3)
    yield telemetry
    telemetry.stop()


def scrape(telemetry: Telemetry, accept: str = OPENMETRICS, **headers: str) -> dict[str, float]:
    """Return the values of one scrape by name and first label."""
    application = metrics_app(telemetry.registry, telemetry.errors)
    answer = Client(application).get("/metrics", headers={"Accept": accept, **headers})
    assert answer.status_code == 200
    return parsed(answer.get_data(as_text=True))


def parsed(text: str) -> dict[str, float]:
    families = text_string_to_metric_families(text.removesuffix("# EOF\n"))
    return {
        sample.name + "".join(sample.labels.values()): sample.value for family in families for sample in family.samples
    }


def raises() -> Iterable[Metric]:
    raise RuntimeError("dictionary changed size during iteration")


def raises_halfway() -> Iterator[Metric]:
    yield GaugeMetricFamily("halfway", "", 1)
    raise OSError("no server")


def exits() -> Iterable[Metric]:
    raise SystemExit(1)


def not_metrics() -> Iterable[Any]:
    return [GaugeMetricFamily("halfway", "", 1), None, "text"]


def without_name() -> Iterable[Metric]:
    metric = GaugeMetricFamily("named", "", 1)
    metric.name = None  # type: ignore[assignment]
    return [metric]


def without_number() -> Iterable[Metric]:
    family = GaugeMetricFamily("numbers", "", labels=["a"])
    family.add_metric(["good"], 1)
    family.add_metric(["bad"], "many")  # type: ignore[arg-type]
    return [family]


@pytest.mark.parametrize("accept", [CLASSIC, OPENMETRICS])
@pytest.mark.parametrize(
    ("ask", "remains"),
    [
        (raises, {}),
        (raises_halfway, {"halfway": 1}),
        (exits, {}),
        (not_metrics, {"halfway": 1}),
        (without_name, {}),
        (without_number, {"numbersgood": 1}),
    ],
)
def test_a_collector_that_fails_costs_only_its_metrics(
    telemetry: Telemetry,
    ask: Callable[[], Iterable[Metric]],
    remains: dict[str, float],
    accept: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The scrape succeeds, has all other metrics, and counts the error; nothing raw is on standard error.

    prometheus/client_python#84, #118, #819.
    """
    telemetry.registry.register(Collects(ask))
    Counter("later_total", "Later", registry=telemetry.registry).inc()
    found = scrape(telemetry, accept)
    assert {**found, **remains, "hits_total": 3, "later_total": 1} == found
    errors = scrape(telemetry, accept)
    assert sum(value for name, value in errors.items() if name.startswith("telemetry_errors_totalmetrics.")) >= 1
    assert capfd.readouterr().err == ""


def test_a_gauge_whose_function_fails_costs_only_itself(telemetry: Telemetry) -> None:
    """A gauge whose function raises, with or without labels, is omitted and counted."""
    Gauge("now", "", registry=telemetry.registry).set_function(lambda: 1 / 0)
    Gauge("then", "", ["a"], registry=telemetry.registry).labels("x").set_function(lambda: 1 / 0)
    found = scrape(telemetry)
    assert found["hits_total"] == 3
    assert "now" not in found
    assert "thenx" not in found
    assert scrape(telemetry)["telemetry_errors_totalmetrics.collect"] == 2


@pytest.mark.parametrize("accept", [CLASSIC, OPENMETRICS])
@pytest.mark.parametrize("value", ["\ud800", "caf\udce9", 1, None, b"x", object(), ["x"]])
def test_a_label_value_costs_nothing(telemetry: Telemetry, value: Any, accept: str) -> None:
    """Values that are not text, or that UTF-8 cannot encode, are replaced (prometheus/client_python#564, #270)."""
    family = GaugeMetricFamily("foreign", "with \udca0", labels=["a"])
    family.add_metric([value], 2)
    family.add_metric(["good"], 1)
    telemetry.registry.register(Collects(lambda: [family]))
    own = Counter("own_total", "", ["a"], registry=telemetry.registry)
    own.labels(value).inc()
    own.labels("good").inc(7)
    for _ in range(2):
        found = scrape(telemetry, accept)
        assert found["foreigngood"] == 1
        assert found["own_totalgood"] == 7
        assert sorted(found[name] for name in found if name.startswith("foreign")) == [1, 2]
        assert sorted(found[name] for name in found if name.startswith("own_total")) == [1, 7]


def test_values_that_become_equal_are_exposed_once(telemetry: Telemetry) -> None:
    """Two series whose labels are equal after the repair are one series, because Prometheus rejects duplicates."""
    own = Counter("own_total", "", ["a"], registry=telemetry.registry)
    own.labels("\ud800").inc()
    own.labels("\ud801").inc()
    found = [name for name in scrape(telemetry) if name.startswith("own_total")]
    assert found == ["own_total\N{REPLACEMENT CHARACTER}"]


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    """Return an event that ends hanging collectors, which is set at the end."""
    event = threading.Event()
    yield event
    event.set()


def test_a_collector_that_hangs_costs_only_its_metrics(
    telemetry: Telemetry, hanging: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a collector hangs, scrapes have all other metrics, count the error, and start no further threads.

    prometheus/client_python#375: threads piled up.
    """
    monkeypatch.setattr(collection, "LONGEST_SECONDS", 0.1)
    calls = []

    def ask() -> Iterable[Metric]:
        calls.append(1)
        hanging.wait(60)
        return [GaugeMetricFamily("slow", "", 1)]

    telemetry.registry.register(Collects(ask))
    application = metrics_app(telemetry.registry, telemetry.errors)

    def one(_: int) -> dict[str, float]:
        return parsed(Client(application).get("/metrics").get_data(as_text=True))

    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(one, range(20)))
    assert all(each["hits_total"] == 3 and "slow" not in each for each in found)
    assert len(calls) == 1
    assert one(0)["telemetry_errors_totalmetrics.collect"] == 20
    hanging.set()
    threads = [thread for thread in threading.enumerate() if thread.name == "metrics-collector"]
    for thread in threads:
        thread.join(10)
    assert len(threads) == 1
    assert one(0)["slow"] == 1


def test_a_scraper_with_a_short_time_limit_gets_the_rest_in_time(
    telemetry: Telemetry, hanging: threading.Event
) -> None:
    """The time limit of the scraper bounds the wait for collectors."""
    telemetry.registry.register(Collects(lambda: [hanging.wait(60)]))
    assert scrape(telemetry, **{"X-Prometheus-Scrape-Timeout-Seconds": "0.1"})["hits_total"] == 3
    assert not hanging.is_set()


@pytest.mark.parametrize("forks", [os.fork, None])
def test_a_collector_may_fork(telemetry: Telemetry, forks: Callable[[], int] | None) -> None:
    """A collector that forks, itself or through a program, is collected: nothing makes a fork wait for a scrape."""

    def ask() -> Iterable[Metric]:
        if forks is None:
            out = subprocess.run(["/bin/echo", "4"], check=True, capture_output=True, preexec_fn=lambda: None)
            return [GaugeMetricFamily("forked", "", float(out.stdout))]
        child = forks()
        if child == 0:
            os._exit(4)
        return [GaugeMetricFamily("forked", "", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))]

    telemetry.registry.register(Collects(ask))
    assert scrape(telemetry)["forked"] == 4


def test_selected_names_ask_only_their_collectors(telemetry: Telemetry) -> None:
    """``?name[]=`` returns these samples, and calls no collector that declares other names."""

    class Declares(Collects):
        def describe(self) -> Iterable[Metric]:
            return [GaugeMetricFamily("declared", "")]

    telemetry.registry.register(Declares(raises))
    telemetry.registry.register(Collects(lambda: [GaugeMetricFamily("undeclared", "", 5)]))
    application = Client(metrics_app(telemetry.registry, telemetry.errors))
    found = parsed(application.get("/metrics?name[]=hits_total&name[]=undeclared").get_data(as_text=True))
    assert found == {"hits_total": 3, "undeclared": 5}
    assert parsed(application.get("/metrics?name[]=telemetry_errors_total").get_data(as_text=True)) == {}


def test_the_target_is_exposed() -> None:
    """A registry with target information exposes it."""
    registry = CollectorRegistry(target_info={"env": "prod"})
    assert "target_infoprod" in parsed(Client(metrics_app(registry)).get("/metrics").get_data(as_text=True))
