"""Any object may be the value of a guarded label, at any moment."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.openmetrics.exposition import generate_latest

from glasshouse_observability.metrics import label_files
from glasshouse_observability.metrics.cardinality import BoundedValues, LabelGuard
from glasshouse_observability.metrics.prometheus_internals import label_values


class Broken:
    """An object that is neither a text nor hashable, and has no text."""

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        raise RuntimeError("no text")


OBJECTS = [Broken(), [1], {"a": {}}, b"x", None, 2**100, "\ud800", "a\x00b", "x" * 10**6, float("nan")]


@pytest.mark.parametrize("value", OBJECTS, ids=range(len(OBJECTS)))
def test_any_object_can_be_a_value(value: object) -> None:
    """A guarded label accepts any object, and the scrape after that succeeds."""
    registry = CollectorRegistry()
    visits = Counter("visits_total", "", ["campaign"], registry=registry)
    LabelGuard(registry).limit(visits, "campaign").labels(value).inc()
    visits.labels(campaign=value).inc()
    (line,) = [line for line in generate_latest(registry).decode().splitlines() if line.startswith("visits_total{")]
    assert line.endswith("} 2.0")


def test_a_second_limit_replaces_the_first() -> None:
    """Another call for the same label changes the limit, keeps what is admitted, and counts each overflow once."""
    registry = CollectorRegistry()
    guard = LabelGuard(registry, most=2)
    visits = Counter("visits_total", "", ["campaign"], registry=registry)
    for most, admitted in ((None, 2), (3, 3), (1, 3), (5, 5)):
        guard.limit(visits, "campaign", most=most)
        for number in range(10):
            visits.labels(f"c{number}").inc()
        assert sum(f"c{number}" in {labels[0] for labels in label_values(visits)} for number in range(10)) == admitted
    overflow = registry.get_sample_value(
        "telemetry_label_overflow_total", {"metric": "visits_total", "label": "campaign"}
    )
    assert overflow == 8 + 7 + 7 + 5


def test_a_signal_handler_may_use_a_new_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal handler that uses a new value while another is being admitted does not wait for itself.

    Neither for the lock, nor for the file that this thread has locked (prometheus/client_python#1076).
    """
    overflow = Counter("overflow_total", "", registry=None)
    table = BoundedValues(5, overflow, tmp_path / "values")
    admit = label_files.admit

    def interrupted(*given: Any, **named: Any) -> Any:
        signal.raise_signal(signal.SIGUSR1)
        return admit(*given, **named)

    seen = []
    monkeypatch.setattr(label_files, "admit", interrupted)
    before = signal.signal(signal.SIGUSR1, lambda *_: seen.append(table["inner"]))
    signal.alarm(10)
    try:
        assert table["outer"] == "outer"
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGUSR1, before)
    assert seen == ["other"]
