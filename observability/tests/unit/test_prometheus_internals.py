"""Each use of prometheus_client's private names returns what its public interface shows."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import prometheus_client
import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary, values
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.openmetrics.exposition import generate_latest

import glasshouse_observability
from glasshouse_observability.metrics import prometheus_internals
from glasshouse_observability.metrics.prometheus_internals import (
    HookedHistogram,
    additive_metrics,
    is_shared,
    label_names,
    label_values,
    name_of,
    number_text,
    numbers_of,
    openmetrics_request,
    read_unlocked,
    replace_labels,
    series_of,
)


@pytest.fixture
def registry() -> CollectorRegistry:
    """Return a registry with one metric of each kind, with and without labels."""
    registry = CollectorRegistry()
    Counter("plain_total", "", registry=registry).inc(2)
    labelled = Counter("labelled_total", "", ["colour", "size"], registry=registry)
    labelled.labels("red", "1").inc(3)
    labelled.labels("blue", "2").inc(4)
    Histogram("seconds", "", ["job"], buckets=(1, 2), registry=registry).labels("a").observe(1.5)
    Summary("bytes", "", registry=registry).observe(10)
    Gauge("now", "", registry=registry).set(5)
    return registry


@pytest.fixture
def value_class(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restore the class that stores values."""
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)


def test_the_metrics_whose_numbers_add_up_are_found_with_their_series(registry: CollectorRegistry) -> None:
    """The metrics that can be added up have the names, labels and series that ``collect`` shows, without gauges."""
    found = {
        (name_of(metric), tuple(zip(label_names(metric), labels, strict=True)))
        for metric in additive_metrics(registry)
        for labels, _ in series_of(metric)
    }
    shown = {
        (metric.name, tuple((name, value) for name, value in sample.labels.items() if name != "le"))
        for metric in registry.collect()
        for sample in metric.samples
        if metric.type != "gauge"
    }
    assert found == shown
    (labelled,) = (metric for metric in additive_metrics(registry) if name_of(metric) == "labelled")
    assert sorted(label_values(labelled)) == [("blue", "2"), ("red", "1")]


def test_the_numbers_of_a_series_are_those_of_its_samples(registry: CollectorRegistry) -> None:
    """Numbers that are read without a lock, increased and set are those that ``collect`` shows."""

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, labels)

    series = {
        (name_of(metric), labels): numbers_of(one)
        for metric in additive_metrics(registry)
        for labels, one in series_of(metric)
    }
    read = {key: [read_unlocked(number) for number in numbers] for key, numbers in series.items()}
    assert read == {
        ("plain", ()): [2.0],
        ("labelled", ("red", "1")): [3.0],
        ("labelled", ("blue", "2")): [4.0],
        ("seconds", ("a",)): [1.5, 0.0, 1.0, 0.0],
        ("bytes", ()): [10.0, 1.0],
    }
    for numbers in series.values():
        for number in numbers:
            number.inc(1)
    assert (value("plain_total"), value("bytes_sum"), value("bytes_count")) == (3.0, 11.0, 2.0)
    assert (value("seconds_sum", job="a"), value("seconds_count", job="a")) == (2.5, 4.0)
    assert value("labelled_total", colour="red", size="1") == 4.0
    for numbers in series.values():
        for number in numbers:
            number.set(0.0)
    assert {
        sample.value
        for metric in registry.collect()
        if metric.type != "gauge"
        for sample in metric.samples
        if not sample.name.endswith("_created")
    } == {0.0}


def test_labels_can_be_replaced(registry: CollectorRegistry) -> None:
    """A replaced ``labels`` method is called in place of the original, and can call the original."""
    metric = Counter("visits_total", "", ["page"], registry=registry)
    original: Callable[..., MetricWrapperBase] = metric.labels
    replace_labels(metric, lambda page: original(page.upper()))
    metric.labels("home").inc()
    assert registry.get_sample_value("visits_total", {"page": "HOME"}) == 1


class Noting(HookedHistogram):
    """A histogram that records the calls of its hooks."""

    created: list[bool]
    collected = 0

    def on_created(self, shared: bool) -> None:
        self.created = [*getattr(self, "created", []), shared]

    def before_collect(self) -> None:
        self.collected += 1


def test_a_hooked_histogram_knows_when_it_is_created_and_read(registry: CollectorRegistry) -> None:
    """The hooks run once for each series and not for the parent; bounds and buckets are those of the samples."""
    parent = Noting("took_seconds", "", ["route"], buckets=(0.5, 1.0), registry=registry)
    series = parent.labels("/")
    assert not hasattr(parent, "created")
    assert series.created == [False]
    assert series.upper_bounds() == [0.5, 1.0, float("inf")]
    series.add(3.25, {0: 2, 2: 1})
    text = generate_latest(registry).decode()
    assert series.collected == 1
    shown = dict(re.findall(r'took_seconds_bucket\{le="(.+?)",route="/"\} (\S+)', text))
    assert shown == {"0.5": "2.0", "1.0": "2.0", "+Inf": "3.0"}
    assert registry.get_sample_value("took_seconds_sum", {"route": "/"}) == 3.25


@pytest.mark.usefixtures("value_class")
def test_values_are_kept_where_it_was_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values are stored in files with the given number, or in memory even if the setting names a folder."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))

    def gauge() -> Gauge:
        one = Gauge("active", "", registry=CollectorRegistry(), multiprocess_mode="livesum")
        one.set(1)
        return one

    prometheus_internals.keep_values_in_memory()
    assert not is_shared(gauge())
    assert os.listdir(tmp_path) == []
    prometheus_internals.keep_values_in_files(lambda: 7)
    assert is_shared(gauge())
    assert os.listdir(tmp_path) == ["gauge_livesum_7.db"]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("application/openmetrics-text", ("1.0.0", "underscores")),
        ("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8", ("1.0.0", "allow-utf-8")),
        ("text/plain;version=1.0.0;escaping=dots", None),
        ("", None),
    ],
)
def test_version_and_escaping_of_an_encoder_are_known(accept: str, expected: tuple[str, str] | None) -> None:
    """An OpenMetrics encoder returns its version and escaping, and the encoder of the classic text returns none."""
    assert openmetrics_request(choose_encoder(accept)[0]) == expected


def test_numbers_are_written_as_the_library_writes_them() -> None:
    """Whole, tiny, huge and infinite numbers are formatted as in prometheus_client."""
    registry = CollectorRegistry()
    gauge = Gauge("g", "", registry=registry)
    for value in (0.0, 1.0, 1e-9, 12345678.9, float("inf"), float("-inf"), float("nan")):
        gauge.set(value)
        assert f"g {number_text(value)}\n".encode() in generate_latest(registry)


def test_a_gauge_with_a_function_is_found(registry: CollectorRegistry) -> None:
    """A gauge that calls a function at a scrape, itself or in one series, is found among those that have a value."""
    plain = Gauge("plain_gauge", "", ["a"], registry=registry)
    plain.labels("x").set(1)
    one = Gauge("one", "", registry=registry)
    labelled = Gauge("some", "", ["a"], registry=registry)
    assert not any(map(prometheus_internals.has_function, prometheus_internals.collectors_of(registry)))
    one.set_function(lambda: 1)
    labelled.labels("x").set_function(lambda: 1)
    found = [each for each in prometheus_internals.collectors_of(registry) if prometheus_internals.has_function(each)]
    assert found == [one, labelled]


def test_created_series_can_be_queried() -> None:
    """Whether new metrics have ``_created`` series is what was set last."""
    before = prometheus_internals.creates_created_series()
    try:
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        assert not prometheus_internals.creates_created_series()
        prometheus_client.enable_created_metrics()  # type: ignore[no-untyped-call]
        assert prometheus_internals.creates_created_series()
    finally:
        if not before:
            prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


def test_no_other_module_uses_private_names() -> None:
    """No other module that imports prometheus_client uses its private names.

    The test searches for attributes of other objects that begin with an underscore.
    """
    private = re.compile(r"(?<!self)(?<!cls)(?<!super\(\))\._[a-z]\w*")
    found = {
        path.name: names
        for path in Path(glasshouse_observability.__file__).parent.glob("*.py")
        if path.name != "prometheus_internals.py" and "prometheus_client" in (text := path.read_text())
        if (names := private.findall(re.sub(r'""".*?"""', "", text, flags=re.S)))
    }
    assert found == {}
    assert private.findall(Path(prometheus_internals.__file__).read_text())


@pytest.mark.parametrize(
    "metric",
    [
        Counter("one_total", "Help", ["a"], registry=None),
        Histogram("two_seconds", "Help", buckets=(1, 2), registry=None),
        Histogram("three_seconds", "Help", ["a", "b"], buckets=(0.5, 3), registry=None),
        Summary("four_bytes", "Help", registry=None),
    ],
    ids=lambda metric: str(metric.describe()[0].name),
)
def test_a_metric_is_created_again_from_its_definition(metric: Any) -> None:
    """The copy has the same type, name, help, labels and buckets, so that its numbers can be added."""
    registry = CollectorRegistry()
    definition = prometheus_internals.definition_of(metric)
    copy: Any = prometheus_internals.create_metric(definition, registry)
    assert prometheus_internals.metric_named(registry, prometheus_internals.name_of(metric)) is copy
    assert prometheus_internals.metric_named(registry, "missing") is None
    labels = prometheus_internals.label_names(metric)
    for one in (metric, copy):
        series = one.labels(*labels) if labels else one
        series.inc(2) if isinstance(one, Counter) else series.observe(1.5)
    original = CollectorRegistry()
    original.register(metric)
    found = [
        [(sample.name, sample.labels, sample.value) for family in each.collect() for sample in family.samples]
        for each in (original, registry)
    ]
    without_times = [[one for one in samples if not one[0].endswith("_created")] for samples in found]
    assert without_times[0] == without_times[1]
    assert prometheus_internals.definition_of(copy) == definition
