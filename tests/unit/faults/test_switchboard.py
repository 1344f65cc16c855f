"""Switching faults is logged, counted and exported, and one replica records the end of a fault."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from faults.definitions import FAULTS, UnknownFault, WrongParameter, find
from faults.switchboard import Switchboard
from tests.unit.faults.conftest import Clock

STALL = FAULTS["queue-stall"]


def count(registry: CollectorRegistry, action: str) -> float | None:
    return registry.get_sample_value("faults_switched_total", {"fault": "queue-stall", "action": action})


def active(registry: CollectorRegistry) -> float | None:
    return registry.get_sample_value("fault_active", {"fault": "queue-stall"})


def test_on_and_off_are_logged(
    switchboard: Switchboard, registry: CollectorRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    """Switching logs a warning with the fault, its end and the account, and updates the counter and the gauge."""
    switchboard.on(STALL, {}, 60, "acc_1")
    switchboard.look()
    assert (active(registry), count(registry, "on")) == (1, 1)
    switchboard.off(STALL, "acc_2")
    switchboard.look()
    assert (active(registry), count(registry, "off")) == (0, 1)
    logged = [(r.levelno, r.__dict__["event"], r.__dict__["fault"], r.__dict__["by"]) for r in caplog.records]
    assert logged == [
        (logging.WARNING, "fault.on", "queue-stall", "acc_1"),
        (logging.WARNING, "fault.off", "queue-stall", "acc_2"),
    ]
    assert all(record.__dict__["until"].endswith("Z") for record in caplog.records)


def test_switching_off_what_is_off_is_no_event(switchboard: Switchboard, registry: CollectorRegistry) -> None:
    """Switching off a fault that is off is not counted."""
    switchboard.off(STALL, "acc_1")
    assert count(registry, "off") == 0


def test_switching_on_again_moves_the_end(switchboard: Switchboard) -> None:
    """Switching on a fault that is on replaces its end and its account."""
    first = switchboard.on(STALL, {}, 10, "acc_1")
    second = switchboard.on(STALL, {}, 100, "acc_2")
    assert second.until > first.until
    assert switchboard.switched() == {"queue-stall": second}


def test_one_of_two_replicas_writes_off_what_has_ended(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Both replicas notice the end of a fault and only one counts it, because counts of replicas are summed."""
    clock = Clock(time.time())
    registries = [CollectorRegistry(), CollectorRegistry()]
    boards = [Switchboard(path, registry, clock=clock) for registry in registries]
    boards[0].on(STALL, {}, 60, "acc_1")
    for board in boards:
        board.look()
    assert [active(registry) for registry in registries] == [1, 1]
    clock.now += 61
    assert boards[1].switched() == {}
    for board in boards:
        board.look()
    assert [active(registry) for registry in registries] == [0, 0]
    assert sum(count(registry, "expired") or 0 for registry in registries) == 1
    assert [record.__dict__["event"] for record in caplog.records] == ["fault.on", "fault.expired"]


def test_what_needs_an_agent_is_available_with_one(path: Path) -> None:
    """Faults that need an agent are available with one, and all other faults always are."""
    alone, accompanied = Switchboard(path, CollectorRegistry()), Switchboard(path, CollectorRegistry(), agent=True)
    without = {name for name, fault in FAULTS.items() if not alone.available(fault)}
    assert without == {"replica-kill", "redis-pause", "mongo-pause", "telemetry-outage"}
    assert all(accompanied.available(fault) for fault in FAULTS.values())


def test_an_unknown_fault_is_answered_with_those_that_there_are() -> None:
    """The error for an unknown fault lists the known faults."""
    with pytest.raises(UnknownFault, match=r"payment-down.*telemetry-outage"):
        find("api-eror")


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("api-errors", {"milliseconds": 5}, "takes seconds and percent and route and instance, no milliseconds"),
        ("api-errors", {"percent": 0}, "percent must be a number from 0.1 to 100"),
        ("api-errors", {"percent": float("nan")}, "percent must be a number from 0.1 to 100"),
        ("api-errors", {"percent": True}, "percent must be"),
        ("api-latency", {"milliseconds": 10_001}, "a whole number from 1 to 10000"),
        ("api-errors", {"instance": "worker-1"}, "a replica of the API"),
        ("replica-kill", {"instance": "mongo"}, "api-1, api-2, worker-1, payments or sweeper"),
        ("queue-stall", {"percent": 5}, "takes seconds, no percent"),
    ],
)
def test_a_wrong_parameter_is_answered_with_what_is_allowed(name: str, given: dict[str, object], says: str) -> None:
    """The error for an invalid parameter names it and states the allowed values."""
    with pytest.raises(WrongParameter, match=says) as caught:
        FAULTS[name].checked(given)
    assert caught.value.name in given


def test_what_is_left_out_has_its_default() -> None:
    """A parameter that is left out has its default value, if there is one."""
    assert FAULTS["api-errors"].checked({}) == {"percent": 10}
    assert FAULTS["replica-kill"].checked({}) == {"instance": "api-1"}
    assert FAULTS["payment-slow"].checked({"milliseconds": 2000}) == {"milliseconds": 2000}
