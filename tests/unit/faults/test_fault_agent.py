"""The fault agent injects faults from outside a process, records them and always undoes them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from faults import flags
from faults.agent import __main__ as module
from faults.agent.__main__ import MARK, FaultAgent, wanted
from faults.agent.supervisord import SupervisorSilent
from faults.definitions import FAULTS
from faults.flags import Switched
from tests.unit.faults.conftest import Clock
from tests.waiting import wait_until

STAND_IN = "import time; time.sleep(600)"


@dataclass
class FakeSupervisor:
    """The part of supervisord that the fault agent uses."""

    pids: dict[str, int] = field(default_factory=dict)
    calls: list[tuple[str, ...]] = field(default_factory=list)
    silent: bool = False

    def pid(self, name: str) -> int:
        self._answer("pid", name)
        return self.pids.get(name, 0)

    def signal(self, name: str, signal: str) -> None:
        self._answer("signal", name, signal)

    def start(self, name: str) -> None:
        self._answer("start", name)

    def stop(self, name: str) -> None:
        self._answer("stop", name)

    def _answer(self, *call: str) -> None:
        if self.silent:
            raise SupervisorSilent("no answer")
        if call[0] != "pid":
            self.calls.append(call)


@dataclass
class World:
    """An instance with a flag file, a record and a clock."""

    folder: Path
    supervisor: FakeSupervisor = field(default_factory=FakeSupervisor)
    clock: Clock = field(default_factory=lambda: Clock(1_000_000.0))

    @property
    def record(self) -> Path:
        return self.folder / "fault-agent.json"

    def switch(self, fault: str, seconds: int = 60, **parameters: str) -> None:
        until = int(self.clock()) + seconds
        one = Switched(int(self.clock()), until, "acc_1", dict(parameters))
        flags.change(self.folder / "flags.json", lambda every: every.update({fault: one}))

    def off(self, fault: str) -> None:
        flags.change(self.folder / "flags.json", lambda every: every.pop(fault, None))

    def agent(self) -> FaultAgent:
        """Return a new agent, as after the death of the previous one."""
        return FaultAgent(str(self.folder / "flags.json"), str(self.record), self.supervisor, self.clock)  # type: ignore[arg-type]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv(MARK, str(tmp_path))
    return World(tmp_path)


@pytest.fixture
def server(world: World) -> Iterator[psutil.Process]:
    """A process of the instance that supervision lists as redis."""
    process = subprocess.Popen([sys.executable, "-c", STAND_IN])
    world.supervisor.pids["redis"] = process.pid
    yield psutil.Process(process.pid)
    process.kill()
    process.wait()


def stands_still(process: psutil.Process) -> bool:
    return bool(process.status() == psutil.STATUS_STOPPED)


def test_it_does_what_the_catalogue_leaves_to_it() -> None:
    """The agent implements every fault of the catalogue that needs an agent, and no other."""
    assert module.ACTIONS.keys() == {name for name, fault in FAULTS.items() if fault.where == "agent"}


def test_a_pause_ends_by_itself(world: World, server: psutil.Process) -> None:
    """A paused server resumes when the fault's time has elapsed, without a change of the flag file."""
    agent = world.agent()
    world.switch("redis-pause", seconds=10)
    agent.look()
    wait_until("the server to be paused", lambda: stands_still(server))
    world.clock.now += 9
    agent.look()
    assert stands_still(server)
    world.clock.now += 2
    agent.look()
    wait_until("the server to continue", lambda: not stands_still(server))
    assert json.loads(world.record.read_text())["done"] == {}


def test_what_a_dead_agent_did_is_undone_by_the_next(world: World, server: psutil.Process) -> None:
    """A new agent undoes what a dead one did, from its record, and not before the fault has ended."""
    world.switch("redis-pause", seconds=10)
    world.agent().look()
    wait_until("the server to be paused", lambda: stands_still(server))
    next_one = world.agent()
    next_one.look()
    assert stands_still(server)
    world.clock.now += 11
    world.agent().look()
    wait_until("the server to continue", lambda: not stands_still(server))


def test_leaving_undoes_everything(world: World, server: psutil.Process) -> None:
    """An agent that exits undoes every fault, including those whose flag is still on."""
    agent = world.agent()
    world.switch("redis-pause")
    world.switch("telemetry-outage", instance="victorialogs")
    agent.look()
    agent.undo_all()
    wait_until("the server to continue", lambda: not stands_still(server))
    assert world.supervisor.calls == [("stop", "victorialogs"), ("start", "victorialogs")]
    assert agent.done == {}


def test_a_server_that_was_restarted_is_paused_again(world: World, server: psutil.Process) -> None:
    """A server that supervision restarted while the fault is on is paused again."""
    agent = world.agent()
    world.supervisor.pids["redis"] = 0
    world.switch("redis-pause")
    agent.look()
    assert not stands_still(server)
    world.supervisor.pids["redis"] = server.pid
    agent.look()
    wait_until("the server to be paused", lambda: stands_still(server))


def test_a_process_of_another_user_is_left_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent never signals a process of another instance, even if the record contains its PID."""
    stranger = subprocess.Popen([sys.executable, "-c", STAND_IN], env={**os.environ, MARK: "/somewhere/else"})
    try:
        os.kill(stranger.pid, signal.SIGSTOP)
        process = psutil.Process(stranger.pid)
        wait_until("the stranger to be paused", lambda: stands_still(process))
        done = {"redis-pause": {"kind": "pause", "component": "redis", "pid": stranger.pid}}
        world.record.write_text(json.dumps({"pid": 1, "done": done}))
        agent = world.agent()
        agent.look()
        assert agent.done == {}
        assert stands_still(process)
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize("pid", [0, 1, -1, 2**22 + 1])
def test_no_signal_to_groups_init_or_invalid_pids(pid: int) -> None:
    """The agent sends no signal to process groups, init or invalid PIDs; 0 and -1 would reach every process."""
    module.send(pid, signal.SIGCONT)


def test_a_replica_is_killed_and_kept_from_coming_back(world: World) -> None:
    """The named replica is killed once, is kept stopped while the fault is on, and is started afterwards."""
    agent = world.agent()
    world.supervisor.pids["api-2"] = 4242
    world.switch("replica-kill", instance="api-2")
    for _ in range(3):
        agent.look()
    world.off("replica-kill")
    agent.look()
    assert world.supervisor.calls == [("signal", "api-2", "KILL"), ("stop", "api-2"), ("start", "api-2")]


def test_another_victim_frees_the_first(world: World) -> None:
    """Switching the fault on for another server restores the first one."""
    agent = world.agent()
    world.switch("telemetry-outage", instance="victorialogs")
    agent.look()
    world.switch("telemetry-outage", instance="jaeger")
    agent.look()
    assert world.supervisor.calls == [("stop", "victorialogs"), ("start", "victorialogs"), ("stop", "jaeger")]


def test_a_silent_supervisor_is_asked_again_and_complained_of_once(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """A call to which supervisord does not respond is retried, logged once, and not recorded as done."""
    agent = world.agent()
    world.supervisor.silent = True
    world.switch("telemetry-outage")
    for _ in range(3):
        agent.look()
    assert agent.done == {}
    world.supervisor.silent = False
    agent.look()
    assert world.supervisor.calls == [("stop", "collector")]
    events = [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()]
    assert events == ["fault_agent.failed", "fault_agent.injected"]


@pytest.mark.parametrize("text", ["", "[", "[]", '{"flags": {"redis-pause": {"targeting": {}}}}', '{"flags": []}'])
def test_a_flag_file_that_is_not_understood_asks_for_nothing(text: str) -> None:
    """An invalid flag file requests no fault, so that it cannot keep a server paused."""
    assert wanted(text, time.time()) == {}


@pytest.mark.parametrize(
    "text", ["", "{}", '{"done": []}', '{"done": {"redis-pause": {}}}', '{"done": {"redis-pause": {"pid": "x"}}}']
)
def test_a_record_that_is_not_understood_is_replaced(world: World, text: str) -> None:
    """The fault agent starts with an invalid record and replaces it."""
    world.record.write_text(text)
    assert world.agent().done == {}
