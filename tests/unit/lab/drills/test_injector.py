"""Injecting and clearing faults, on a stack that only records its commands."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from lab.clients.errors import RunFailed
from lab.clients.running_stack import RunningStack
from lab.drills.inject.injector import InstanceInjector
from lab.drills.spec.model import Fault
from tests.waiting import wait_until


class FakeInstance(RunningStack):
    """An instance whose launcher records its commands and can refuse them."""

    def __init__(self, state_dir: Path, pids: dict[str, int | None]) -> None:
        super().__init__(state_dir, RunningStack.at(state_dir).env)
        self.pids = pids
        self.asked: list[tuple[str, ...]] = []
        self.refuses: set[str] = set()

    def run(self, *arguments: str, seconds: float = 0.0) -> None:
        self.asked.append(arguments)
        if arguments[0] in self.refuses:
            raise RunFailed(f"`stack {arguments[0]}` failed")

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
    """Components are stopped, and started again once, however often the fault is cleared."""
    injector = InstanceInjector(instance)
    injector.begin(Fault(stop=("api-1", "api-2")), 60)
    assert instance.asked == [("stop", "api-1", "api-2")]
    injector.clear()
    injector.clear()
    assert instance.asked[1:] == [("start", "api-1", "api-2")]


def test_clearing_that_fails_is_tried_again(instance: FakeInstance) -> None:
    """A fault that could not be cleared is kept, so that clearing it can be retried."""
    injector = InstanceInjector(instance)
    injector.begin(Fault(stop=("api-1",)), 60)
    instance.refuses = {"start"}
    with pytest.raises(RunFailed):
        injector.clear()
    instance.refuses = set()
    injector.clear()
    assert instance.asked == [("stop", "api-1"), ("start", "api-1"), ("start", "api-1")]


def test_a_stop_that_fails_is_still_cleared(instance: FakeInstance) -> None:
    """A stop that fails is still cleared, because it may have been carried out in part."""
    injector = InstanceInjector(instance)
    instance.refuses = {"stop"}
    with pytest.raises(RunFailed):
        injector.begin(Fault(stop=("api-1",)), 60)
    injector.clear()
    assert instance.asked == [("stop", "api-1"), ("start", "api-1")]


def test_pausing(instance: FakeInstance, sleeper: psutil.Process) -> None:
    """The component's processes are paused, and resumed by clearing."""
    injector = InstanceInjector(instance)
    injector.begin(Fault(pause=("redis",)), 60)
    wait_until("the process to be paused", lambda: sleeper.status() == psutil.STATUS_STOPPED)
    injector.clear()
    wait_until("the process to continue", lambda: sleeper.status() != psutil.STATUS_STOPPED)


def test_killing(instance: FakeInstance, sleeper: psutil.Process) -> None:
    """The component is killed with SIGKILL, and supervision restarts it."""
    InstanceInjector(instance).begin(Fault(kill=("redis",)), 60)
    assert sleeper.wait(5) == -9


@pytest.mark.parametrize("fault", [Fault(pause=("mongo",)), Fault(pause=("unknown",)), Fault(kill=("mongo",))], ids=str)
def test_what_does_not_run_cannot_be_broken(instance: FakeInstance, fault: Fault) -> None:
    """A component that is not running cannot be paused or killed, and the drill ends with the reason."""
    with pytest.raises(RunFailed, match="run"):
        InstanceInjector(instance).begin(fault, 60)


def test_nothing(instance: FakeInstance) -> None:
    """The false-alarms drill injects nothing."""
    injector = InstanceInjector(instance)
    injector.begin(Fault(nothing=True), 60)
    injector.clear()
    assert instance.asked == []
