"""The hooks of ``workers/`` into RQ's worker, tested with RQ.

``test_work_horse.py`` tests that a finished job leaves no data.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from rq import Queue

from glasshouse_observability import Telemetry
from tests.integration.conftest import Server
from tests.integration.shop.worker_bench import Bench
from tests.unit.faults.fakes import FakeFaults
from workers import stall
from workers.__main__ import LONGEST_PAUSE_SECONDS, shorten_pauses


class Enough(Exception):
    """Ends RQ's endless loop."""


@pytest.fixture
def bench(redis_server: tuple[str, Server], telemetry: Telemetry, exporter: InMemorySpanExporter) -> Iterator[Bench]:
    bench = Bench(redis_server[0], telemetry, exporter)
    yield bench
    bench.close()


def test_the_worker_holds_a_job_while_the_fault_is_on(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker holds one job and leaves the others in the queue; when the fault ends, it runs all of them."""
    monkeypatch.setattr(stall, "LOOK_SECONDS", 0.01)
    faults, waiting = FakeFaults(), []
    faults.switch("queue-stall")
    active = faults.active

    def look(name: str) -> object:
        waiting.append(bench.queue.count)
        if len(waiting) == 5:
            faults.off("queue-stall")
        return active(name)

    monkeypatch.setattr(faults, "active", look)
    stall.stall(bench.worker, faults)  # type: ignore[arg-type]
    for _ in range(3):
        bench.enqueue("count_and_trace", 1)
    bench.work()
    assert waiting[:5] == [2] * 5
    assert bench.jobs("count_and_trace", "finished") == 3


def test_pauses_while_redis_is_down_are_short(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses stay short while Redis is down, although RQ doubles them up to a minute."""
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 8:
            raise Enough

    def down(*_: object, **__: object) -> None:
        raise redis.ConnectionError("refused")

    shorten_pauses(bench.worker)
    monkeypatch.setattr(Queue, "dequeue_any", down)
    monkeypatch.setattr("rq.worker.base.time.sleep", pause)
    with pytest.raises(Enough):
        bench.worker.dequeue_job_and_maintain_ttl(1)
    assert pauses[-1] == max(pauses) == LONGEST_PAUSE_SECONDS
