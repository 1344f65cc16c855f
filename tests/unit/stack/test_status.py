"""What `status` says of a component."""

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
    """supervisord's account of a process."""
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
    """One word for each situation."""
    assert status.state_of(account, joins) == state


def test_a_running_component_has_pid_uptime_and_memory(instance: Instance) -> None:
    """Of this very process here."""
    row = status.row(
        instance, logservers.loki(instance), info("RUNNING", pid=os.getpid()), None, status.children_of_all()
    )
    assert row.pid == os.getpid()
    assert row.uptime_seconds == 7
    assert row.memory_bytes
    assert row.memory_bytes > 1_000_000
    assert row.url == "http://127.0.0.1:3200"


def test_a_stopped_component_has_none(instance: Instance) -> None:
    """A pid of 0 is no pid."""
    row = status.row(instance, logservers.loki(instance), info("STOPPED"), None, {})
    assert (row.pid, row.uptime_seconds, row.memory_bytes) == (None, None, None)


def test_who_is_to_come_is_known_only_while_up_runs(instance: Instance) -> None:
    """A killed `up` leaves its note behind, but no build runs."""
    make_state_dir(instance.paths)
    with joining.sole_up(instance.paths):
        joining.note(instance.paths, {"jaeger": JOINS, "collector": JOINS})
        joining.keep(instance.paths, {"jaeger"})
        assert joining.expected(instance.paths) == {"jaeger": JOINS}
    joining.note(instance.paths, {"jaeger": JOINS})
    assert joining.expected(instance.paths) == {}


def test_a_second_up_is_refused(instance: Instance) -> None:
    """With the pid of the first."""
    make_state_dir(instance.paths)
    with (
        joining.sole_up(instance.paths),
        pytest.raises(AlreadyUnderWay, match=str(os.getpid())),
        joining.sole_up(instance.paths),
    ):
        pass


def test_one_that_is_built_says_for_how_long(instance: Instance) -> None:
    """How long it has been building, and about how long it will still take."""
    row = status.row(instance, logservers.loki(instance), None, JOINS, {})
    assert row.state == "building"
    assert row.joining.startswith("building for ")
    assert JOINS.words(1080.0) == "building for 1 min 20 s, about 40 s more"
    assert JOINS.words(1200.0) == "building for 3 min 20 s, should finish any moment"
