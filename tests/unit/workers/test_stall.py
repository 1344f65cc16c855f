"""A worker that executes no jobs while a fault is on."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.unit.faults.fakes import FakeFaults
from workers import stall as stalling


@dataclass
class FakeWorker:
    """The part of RQ's worker that ``stall`` uses."""

    done: list[Any] = field(default_factory=list)
    heartbeats: int = 0

    def execute_job(self, job: str, queue: str) -> None:
        self.done.append((job, queue))

    def heartbeat(self) -> None:
        self.heartbeats += 1


def stalled(monkeypatch: pytest.MonkeyPatch, faults: FakeFaults, ends_after: int) -> FakeWorker:
    """Return a worker under ``faults``, which end after this number of looks."""
    worker, asked = FakeWorker(), 0
    active = faults.active

    def asking(name: str) -> Any:
        nonlocal asked
        asked += 1
        if asked > ends_after:
            faults.off("queue-stall")
        return active(name)

    monkeypatch.setattr(faults, "active", asking)
    monkeypatch.setattr(stalling, "LOOK_SECONDS", 0.0)
    stalling.stall(worker, faults)  # type: ignore[arg-type]
    return worker


def test_off_jobs_are_done(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Without the fault a job is executed at once and nothing is logged."""
    worker = stalled(monkeypatch, FakeFaults(), 0)
    worker.execute_job("job", "queue")
    assert (worker.done, caplog.records) == ([("job", "queue")], [])


def test_the_job_in_hand_is_held_until_the_fault_ends(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A stalled job is executed when the fault ends.

    Until then the worker sends heartbeats and has logged the reason once.
    """
    faults = FakeFaults()
    faults.switch("queue-stall")
    worker = stalled(monkeypatch, faults, 2 * stalling.HEARTBEATS_EVERY + 2)
    with caplog.at_level(logging.WARNING):
        worker.execute_job("job", "queue")
    assert worker.done == [("job", "queue")]
    assert worker.heartbeats == 2
    assert [record.__dict__["fault_injected"] for record in caplog.records] == ["queue-stall"]
