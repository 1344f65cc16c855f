"""What `status` says of a component."""

from __future__ import annotations

import os
from typing import Any

import pytest

from stack import joining, servers, status
from stack.errors import AlreadyUnderWay
from stack.instance import Instance, make_state_dir


def info(statename: str, **more: Any) -> dict[str, Any]:
    """supervisord's account of a process."""
    return {"statename": statename, "pid": 0, "start": 100, "now": 107, "exitstatus": 0} | more


@pytest.mark.parametrize(
    ("account", "is_joining", "state"),
    [
        (info("RUNNING"), False, "running"),
        (info("STARTING"), False, "starting"),
        (info("BACKOFF"), False, "backoff"),
        (info("FATAL"), False, "fatal"),
        (info("STOPPED"), False, "stopped"),
        (info("EXITED", exitstatus=78), False, "fatal"),
        (info("EXITED", exitstatus=0), False, "stopped"),
        (None, True, "building"),
        (None, False, "absent"),
    ],
)
def test_states(account: dict[str, Any] | None, is_joining: bool, state: str) -> None:
    """One word for each situation."""
    assert status.state_of(account, is_joining) == state


def test_a_running_component_has_pid_uptime_and_memory(instance: Instance) -> None:
    """Of this very process here."""
    row = status.row(instance, servers.loki(instance), info("RUNNING", pid=os.getpid()), False)
    assert row.pid == os.getpid()
    assert row.uptime_seconds == 7
    assert row.memory_bytes
    assert row.memory_bytes > 1_000_000
    assert row.url == "http://127.0.0.1:3200"


def test_a_stopped_component_has_none(instance: Instance) -> None:
    """A pid of 0 is no pid."""
    row = status.row(instance, servers.loki(instance), info("STOPPED"), False)
    assert (row.pid, row.uptime_seconds, row.memory_bytes) == (None, None, None)


def test_who_is_to_come_is_known_only_while_up_runs(instance: Instance) -> None:
    """A killed `up` leaves its note behind, and nobody builds."""
    make_state_dir(instance.paths)
    with joining.sole_up(instance.paths):
        joining.note(instance.paths, ["loki"])
        assert joining.expected(instance.paths) == {"loki"}
    joining.note(instance.paths, ["loki"])
    assert joining.expected(instance.paths) == set()


def test_a_second_up_is_refused(instance: Instance) -> None:
    """With the pid of the first."""
    make_state_dir(instance.paths)
    with (
        joining.sole_up(instance.paths),
        pytest.raises(AlreadyUnderWay, match=str(os.getpid())),
        joining.sole_up(instance.paths),
    ):
        pass
