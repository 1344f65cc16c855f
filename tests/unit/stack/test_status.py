"""The rows of `status`."""

from __future__ import annotations

import os
from typing import Any

import pytest

from stack import joining, logservers, status
from stack.errors import AlreadyUnderWay
from stack.instance import Instance, make_state_dir
from stack.joining import Joining

JOINS = Joining("http://127.0.0.1:16786", "building", 1000.0, 1120.0)


def info(statename: str, **more: Any) -> dict[str, Any]:
    """Return supervisord's information about a process."""
    return {"statename": statename, "pid": 0, "start": 100, "now": 107, "exitstatus": 0} | more


@pytest.mark.parametrize(
    ("account", "joins", "state"),
    [
        (info("RUNNING"), None, "running"),
        (info("STARTING"), None, "starting"),
        (info("BACKOFF"), None, "backoff"),
        (info("FATAL"), None, "fatal"),
        (info("STOPPED"), None, "stopped"),
        (info("EXITED", exitstatus=78), None, "fatal"),
        (info("EXITED", exitstatus=0), None, "stopped"),
        (None, JOINS, "building"),
        (None, None, "absent"),
    ],
)
def test_states(account: dict[str, Any] | None, joins: Joining | None, state: str) -> None:
    """Each combination of process state and forecast has one word."""
    assert status.state_of(account, joins) == state


def test_a_running_component_has_pid_uptime_and_memory(instance: Instance) -> None:
    """A running component, here the test's own process, has a PID, an uptime and a memory size."""
    row = status.row(
        instance, logservers.loki(instance), info("RUNNING", pid=os.getpid()), None, status.children_of_all()
    )
    assert row.pid == os.getpid()
    assert row.uptime_seconds == 7
    assert row.memory_bytes
    assert row.memory_bytes > 1_000_000
    assert row.url == "http://127.0.0.1:3200"


def test_a_stopped_component_has_none(instance: Instance) -> None:
    """A stopped component has no PID; supervisord's 0 is not shown."""
    row = status.row(instance, logservers.loki(instance), info("STOPPED"), None, {})
    assert (row.pid, row.uptime_seconds, row.memory_bytes) == (None, None, None)


def test_who_is_to_come_is_known_only_while_up_runs(instance: Instance) -> None:
    """Components are expected only while `up` runs, because a killed `up` leaves its note without a build."""
    make_state_dir(instance.paths)
    with joining.sole_up(instance.paths):
        joining.note(instance.paths, {"jaeger": JOINS, "collector": JOINS})
        joining.keep(instance.paths, {"jaeger"})
        assert joining.expected(instance.paths) == {"jaeger": JOINS}
    joining.note(instance.paths, {"jaeger": JOINS})
    assert joining.expected(instance.paths) == {}


def test_a_second_up_is_refused(instance: Instance) -> None:
    """A second `up` is refused with the PID of the first."""
    make_state_dir(instance.paths)
    with (
        joining.sole_up(instance.paths),
        pytest.raises(AlreadyUnderWay, match=str(os.getpid())),
        joining.sole_up(instance.paths),
    ):
        pass


def test_one_that_is_built_says_for_how_long(instance: Instance) -> None:
    """A component that is being built shows the elapsed time and the approximate remaining time."""
    row = status.row(instance, logservers.loki(instance), None, JOINS, {})
    assert row.state == "building"
    assert row.joining.startswith("building for ")
    assert JOINS.words(1080.0) == "building for 1 min 20 s, about 40 s more"
    assert JOINS.words(1200.0) == "building for 3 min 20 s, should finish at any moment"
