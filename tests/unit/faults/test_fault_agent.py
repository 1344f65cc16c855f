"""What no process can do to itself is done, written down, and undone whatever happens."""

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
    """supervisord, as far as the fault agent knows it."""

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
        """A fresh one, as after its death."""
        return FaultAgent(str(self.folder / "flags.json"), str(self.record), self.supervisor, self.clock)  # type: ignore[arg-type]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv(MARK, str(tmp_path))
    return World(tmp_path)


@pytest.fixture
def server(world: World) -> Iterator[psutil.Process]:
    """A process of the instance, which supervision knows as redis."""
    process = subprocess.Popen([sys.executable, "-c", STAND_IN])
    world.supervisor.pids["redis"] = process.pid
    yield psutil.Process(process.pid)
    process.kill()
    process.wait()


def stands_still(process: psutil.Process) -> bool:
    return bool(process.status() == psutil.STATUS_STOPPED)


def test_it_does_what_the_catalogue_leaves_to_it() -> None:
    """Every fault of an agent, and no other."""
    assert module.ACTIONS.keys() == {name for name, fault in FAULTS.items() if fault.where == "agent"}


def test_a_pause_ends_by_itself(world: World, server: psutil.Process) -> None:
    """The server is paused until its time is over, without a change of the flag file."""
    agent = world.agent()
    world.switch("redis-pause", seconds=10)
    agent.look()
    wait_until("the server to stand still", lambda: stands_still(server))
    world.clock.now += 9
    agent.look()
    assert stands_still(server)
    world.clock.now += 2
    agent.look()
    wait_until("the server to go on", lambda: not stands_still(server))
    assert json.loads(world.record.read_text())["done"] == {}


def test_what_a_dead_agent_did_is_undone_by_the_next(world: World, server: psutil.Process) -> None:
    """From its record; while the fault is on, it is left as it is."""
    world.switch("redis-pause", seconds=10)
    world.agent().look()
    wait_until("the server to stand still", lambda: stands_still(server))
    next_one = world.agent()
    next_one.look()
    assert stands_still(server)
    world.clock.now += 11
    world.agent().look()
    wait_until("the server to go on", lambda: not stands_still(server))


def test_leaving_undoes_everything(world: World, server: psutil.Process) -> None:
    """Also what its flag still asks for."""
    agent = world.agent()
    world.switch("redis-pause")
    world.switch("telemetry-outage", instance="victorialogs")
    agent.look()
    agent.undo_all()
    wait_until("the server to go on", lambda: not stands_still(server))
    assert world.supervisor.calls == [("stop", "victorialogs"), ("start", "victorialogs")]
    assert agent.done == {}


def test_a_server_that_was_restarted_is_paused_again(world: World, server: psutil.Process) -> None:
    """Supervision gave it another process, and the fault is still on."""
    agent = world.agent()
    world.supervisor.pids["redis"] = 0
    world.switch("redis-pause")
    agent.look()
    assert not stands_still(server)
    world.supervisor.pids["redis"] = server.pid
    agent.look()
    wait_until("the server to stand still", lambda: stands_still(server))


def test_a_process_of_another_user_is_left_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its pid is that of a server that was paused and is gone: it was never ours to signal."""
    stranger = subprocess.Popen([sys.executable, "-c", STAND_IN], env={**os.environ, MARK: "/somewhere/else"})
    try:
        os.kill(stranger.pid, signal.SIGSTOP)
        process = psutil.Process(stranger.pid)
        wait_until("the stranger to stand still", lambda: stands_still(process))
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
    """0 and -1 would signal every process."""
    module.send(pid, signal.SIGCONT)


def test_a_replica_is_killed_and_kept_from_coming_back(world: World) -> None:
    """The one that was named; started again when it is over."""
    agent = world.agent()
    world.supervisor.pids["api-2"] = 4242
    world.switch("replica-kill", instance="api-2")
    for _ in range(3):
        agent.look()
    world.off("replica-kill")
    agent.look()
    assert world.supervisor.calls == [("signal", "api-2", "KILL"), ("stop", "api-2"), ("start", "api-2")]


def test_another_victim_frees_the_first(world: World) -> None:
    """The flag was switched on again for another server."""
    agent = world.agent()
    world.switch("telemetry-outage", instance="victorialogs")
    agent.look()
    world.switch("telemetry-outage", instance="jaeger")
    agent.look()
    assert world.supervisor.calls == [("stop", "victorialogs"), ("start", "victorialogs"), ("stop", "jaeger")]


def test_a_silent_supervisor_is_asked_again_and_complained_of_once(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is taken for done that was not."""
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
    """What was done is undone then: a broken file must not keep a server paused."""
    assert wanted(text, time.time()) == {}


@pytest.mark.parametrize(
    "text", ["", "{}", '{"done": []}', '{"done": {"redis-pause": {}}}', '{"done": {"redis-pause": {"pid": "x"}}}']
)
def test_a_record_that_is_not_understood_is_replaced(world: World, text: str) -> None:
    """The fault agent starts all the same."""
    world.record.write_text(text)
    assert world.agent().done == {}
