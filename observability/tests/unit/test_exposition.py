"""The text of ``/metrics`` is identical to prometheus_client's and takes a third of its time."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pytest
from prometheus_client import CollectorRegistry, Counter, Enum, Gauge, Histogram, Info, Summary
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.registry import Collector
from werkzeug.test import Client, TestResponse

from glasshouse_observability.metrics import exposition
from glasshouse_observability.metrics.deferred import DeferredHistogram
from glasshouse_observability.metrics.exposition import Renderer, metrics_app

OPENMETRICS = "application/openmetrics-text"


class Foreign(Collector):
    """A collector of another library: a name outside Prometheus' classic set, and a sample with its own timestamp."""

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Return two metric families."""
        dotted = GaugeMetricFamily("of.others", "Dotted", labels=["a.b", "c"])
        dotted.add_metric(["x", "y"], 1)
        timed = GaugeMetricFamily("timed", "With a time", labels=["c"])
        timed.add_metric(["z"], 2, timestamp=1700000000.5)
        return dotted, timed


@pytest.fixture
def registry() -> CollectorRegistry:
    """Return a registry with every kind of metric, unusual values and labels, with and without exemplars."""
    registry = CollectorRegistry()
    gauge = Gauge("state", 'A "gauge"\nof \\ two lines', ["b", "a"], registry=registry)
    for number, value in enumerate([0.0, -0.0, -1.5, 1e-9, 123456.0, 12345678.9, 1e300, math.inf, -math.inf, math.nan]):
        gauge.labels(f'"{number}"\n\\', "ü").set(value)
    Counter("hits_total", "Hits", ["who"], registry=registry).labels("me").inc(3, {"trace_id": 'a"b\\'})
    Histogram("seconds", "Durations", registry=registry).observe(0.3, {"trace_id": "ab", "span_id": "cd"})
    waiting = DeferredHistogram("waiting_seconds", "Deferred", ["route"], unit="seconds", registry=registry)
    waiting.labels("/a").observe(7)
    Summary("sizes", "Sizes", ["of"], registry=registry).labels("it").observe(5)
    Info("made", "By whom", registry=registry).info({"by": "us"})
    Enum("light", "Colours", states=["red", "green"], registry=registry).state("green")
    Gauge("nothing_yet", "No series", ["x"], registry=registry)
    registry.register(Foreign())
    return registry


@pytest.mark.parametrize("escaping", ["underscores", "allow-utf-8", "dots", "values"])
def test_the_text_is_the_librarys(registry: CollectorRegistry, escaping: str) -> None:
    """The text is identical to prometheus_client's, without and with remembered parts."""
    renderer = Renderer(escaping)
    for _ in range(2):
        assert renderer.render(registry.collect()) == generate_latest(registry, escaping)


def test_what_changes_is_seen(registry: CollectorRegistry) -> None:
    """New values, new series, removed series and new exemplars are exposed."""
    hits = Counter("more_total", "More", ["who"], registry=registry)
    renderer = Renderer()
    hits.labels("a").inc()
    hits.labels("b").inc(1, {"trace_id": "first"})
    assert renderer.render(registry.collect()) == generate_latest(registry)
    hits.labels("b").inc(1, {"trace_id": "second"})
    hits.labels("c").inc()
    hits.remove("a")
    text = renderer.render(registry.collect())
    assert text == generate_latest(registry)
    assert b'more_total{who="b"} 2.0 # {trace_id="second"}' in text


def test_series_beyond_what_is_remembered_are_written_too(
    registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Series beyond the number that is remembered are exposed too, only more slowly."""
    monkeypatch.setattr(exposition, "MOST_REMEMBERED", 3)
    renderer = Renderer()
    for _ in range(2):
        assert renderer.render(registry.collect()) == generate_latest(registry)
    assert len(renderer._heads) == 3


def test_label_values_do_not_pass_for_label_names() -> None:
    """Label values are not confused with label names.

    Two series have the same words as names and values in another order.
    """
    registry = CollectorRegistry()
    family = GaugeMetricFamily("g", "G")
    family.add_sample("g", {"a": "b", "c": "d"}, 1)
    family.add_sample("g", {"a": "d", "c": "b"}, 2)

    class Both(Collector):
        def collect(self) -> Iterable[GaugeMetricFamily]:
            return [family]

    registry.register(Both())
    renderer = Renderer()
    assert renderer.render(registry.collect()) == renderer.render(registry.collect()) == generate_latest(registry)


def _ask(registry: CollectorRegistry, path: str = "/metrics", method: str = "GET", accept: str = "") -> TestResponse:
    return Client(metrics_app(registry)).open(path, method=method, headers={"Accept": accept})


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "text/plain",
        "text/plain;version=1.0.0;escaping=allow-utf-8",
        OPENMETRICS,
        f"{OPENMETRICS};version=1.0.0",
        f"{OPENMETRICS};version=1.0.0;escaping=allow-utf-8",
        f"{OPENMETRICS};version=2.0.0;escaping=dots",
        f"{OPENMETRICS};version=0.0.1;q=0.7,text/plain;version=0.0.4;q=0.2",
    ],
)
def test_a_scraper_gets_what_it_asks_for(registry: CollectorRegistry, accept: str) -> None:
    """A scraper gets the format and the content type that prometheus_client chooses for its ``Accept``."""
    encoder, content_type = choose_encoder(accept)
    answer = _ask(registry, accept=accept)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, content_type)
    assert answer.data == encoder(registry)


@pytest.mark.parametrize("accept", [f"{OPENMETRICS};version=x", f"{OPENMETRICS};version=1.x", "text/plain;version=a.b"])
def test_an_invalid_version_gets_the_classic_text(registry: CollectorRegistry, accept: str) -> None:
    """An invalid version in ``Accept`` returns the classic text, where prometheus_client's own application fails."""
    answer = _ask(registry, accept=accept)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, choose_encoder("")[1])
    assert answer.data == choose_encoder("")[0](registry)


def test_a_client_cannot_make_it_remember(registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most four renderers exist, however many versions and escapings a client sends."""
    made: list[Renderer] = []
    plain = Renderer.__init__
    monkeypatch.setattr(Renderer, "__init__", lambda self, *given: made.append(self) or plain(self, *given))
    client = Client(metrics_app(registry))
    for number in range(20):
        for escaping in ("underscores", "allow-utf-8", "dots", "values", f"other-{number}"):
            for version in ("1.0.0", f"1.{number}.1"):
                accept = f"{OPENMETRICS};version={version};escaping={escaping}"
                assert client.get("/metrics", headers={"Accept": accept}).status_code == 200
    assert len(made) == 4


def test_some_metrics_may_be_asked_for(registry: CollectorRegistry) -> None:
    """A scraper can select metrics by the names of their samples."""
    answer = _ask(registry, "/metrics?name[]=hits_total&name[]=sizes_count", accept=OPENMETRICS)
    names = {line.split(b"{")[0] for line in answer.data.splitlines() if not line.startswith(b"#")}
    assert names == {b"hits_total", b"sizes_count"}


def test_only_reading_is_allowed(registry: CollectorRegistry) -> None:
    """The port accepts GET only and returns 405 otherwise."""
    answer = _ask(registry, method="POST")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")
