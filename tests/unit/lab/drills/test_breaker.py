"""Breaking and mending, on an instance that only notes what it is told."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from lab.clients.instance import DrillFailed, Instance
from lab.drills.inject.injector import InstanceBreaker
from lab.drills.spec.model import Fault
from tests.waiting import wait_until


class FakeInstance(Instance):
    """Its launcher does nothing, and may refuse."""

    def __init__(self, state_dir: Path, pids: dict[str, int | None]) -> None:
        super().__init__(state_dir, Instance.at(state_dir).env)
        self.pids = pids
        self.asked: list[tuple[str, ...]] = []
        self.refuses: set[str] = set()

    def must(self, *arguments: str, seconds: float = 0.0) -> None:
        self.asked.append(arguments)
        if arguments[0] in self.refuses:
            raise DrillFailed(f"`stack {arguments[0]}` failed")

    def status(self) -> dict[str, dict[str, Any]]:
        return {name: {"pid": pid, "state": "running"} for name, pid in self.pids.items()}


@pytest.fixture
def sleeper() -> Iterator[psutil.Process]:
    process = subprocess.Popen(["sleep", "600"])
    try:
        yield psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def instance(tmp_path: Path, sleeper: psutil.Process) -> FakeInstance:
    return FakeInstance(tmp_path, {"redis": sleeper.pid, "mongo": None})


def test_stopping(instance: FakeInstance) -> None:
    """Components are stopped, and started again once, however often one mends."""
    breaker = InstanceBreaker(instance)
    breaker.begin(Fault(stop=("api-1", "api-2")), 60)
    assert instance.asked == [("stop", "api-1", "api-2")]
    breaker.mend()
    breaker.mend()
    assert instance.asked[1:] == [("start", "api-1", "api-2")]


def test_mending_that_fails_is_tried_again(instance: FakeInstance) -> None:
    """What could not be undone keeps its place."""
    breaker = InstanceBreaker(instance)
    breaker.begin(Fault(stop=("api-1",)), 60)
    instance.refuses = {"start"}
    with pytest.raises(DrillFailed):
        breaker.mend()
    instance.refuses = set()
    breaker.mend()
    assert instance.asked == [("stop", "api-1"), ("start", "api-1"), ("start", "api-1")]


def test_a_stop_that_fails_is_mended_all_the_same(instance: FakeInstance) -> None:
    """It may have been done by half."""
    breaker = InstanceBreaker(instance)
    instance.refuses = {"stop"}
    with pytest.raises(DrillFailed):
        breaker.begin(Fault(stop=("api-1",)), 60)
    breaker.mend()
    assert instance.asked == [("stop", "api-1"), ("start", "api-1")]


def test_pausing(instance: FakeInstance, sleeper: psutil.Process) -> None:
    """The component's processes stand still, and go on."""
    breaker = InstanceBreaker(instance)
    breaker.begin(Fault(pause=("redis",)), 60)
    wait_until("it to stand still", lambda: sleeper.status() == psutil.STATUS_STOPPED)
    breaker.mend()
    wait_until("it to go on", lambda: sleeper.status() != psutil.STATUS_STOPPED)


def test_killing(instance: FakeInstance, sleeper: psutil.Process) -> None:
    """By SIGKILL; supervision mends that."""
    InstanceBreaker(instance).begin(Fault(kill=("redis",)), 60)
    assert sleeper.wait(5) == -9


@pytest.mark.parametrize("fault", [Fault(pause=("mongo",)), Fault(pause=("nobody",)), Fault(kill=("mongo",))], ids=str)
def test_what_does_not_run_cannot_be_broken(instance: FakeInstance, fault: Fault) -> None:
    """The drill ends with the reason."""
    with pytest.raises(DrillFailed, match="run"):
        InstanceBreaker(instance).begin(fault, 60)


def test_nothing(instance: FakeInstance) -> None:
    """The steady check breaks nothing."""
    breaker = InstanceBreaker(instance)
    breaker.begin(Fault(nothing=True), 60)
    breaker.mend()
    assert instance.asked == []
