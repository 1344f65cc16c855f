"""The faults that a process sees."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from faults import flags
from faults.definitions import FAULTS
from faults.flags import Switched
from faults.switchboard import Switchboard
from faults.watch import Active, Faults
from faults.wiring import faults_from_env
from tests.unit.faults.conftest import Clock
from tests.waiting import wait_until

Watch = Callable[..., Faults]


def test_without_a_file_all_is_off(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    """Without a flag file all faults are off and nothing is logged, because every instance starts like this."""
    faults = watch()
    faults.look()
    assert [name for name in FAULTS if faults.active(name)] == []
    assert caplog.records == []


def test_what_is_switched_on_is_seen_with_its_parameters(watch: Watch, switchboard: Switchboard) -> None:
    """A process sees a fault with its parameters when it next reads the flag file, and its end likewise."""
    faults = watch()
    switchboard.on(FAULTS["api-errors"], {"percent": 25, "route": "/api/v1/orders"}, 60, "acc_1")
    assert faults.active("api-errors") is None
    faults.look()
    fault = faults.active("api-errors")
    assert fault is not None
    assert (fault.number("percent"), fault.get("route")) == (25, "/api/v1/orders")
    assert faults.active("api-latency") is None
    switchboard.off(FAULTS["api-errors"], "acc_1")
    faults.look()
    assert faults.active("api-errors") is None


def test_the_thread_takes_up_what_changes(watch: Watch, switchboard: Switchboard) -> None:
    """The thread reloads the file automatically, and a listener that fails does not affect the others."""
    faults, heard = watch(), []
    faults.listen(lambda: heard.append(1 / 0))
    faults.listen(lambda: heard.append(faults.active("queue-stall") is not None))
    faults.start()
    switchboard.on(FAULTS["queue-stall"], {}, 60, "acc_1")
    wait_until("the fault to be heard of", lambda: True in heard, 10)
    faults.stop()


def test_it_ends_by_itself_in_every_process(watch: Watch, path: Path) -> None:
    """A fault ends in every process at its time, without reading the file again and without a change of it."""
    clock = Clock(time.time())
    faults = watch(clock=clock)
    path.parent.mkdir()
    path.write_text(flags.dump({"queue-stall": Switched(int(clock()), int(clock()) + 60, "acc_1")}))
    faults.look()
    clock.now = int(clock()) + 59.9
    assert faults.active("queue-stall") is not None
    clock.now += 0.2
    assert faults.active("queue-stall") is None


def test_what_ended_before_the_process_began_stays_over(watch: Watch, path: Path) -> None:
    """A fault that ended before the process started stays off, because the rule compares with flagd's clock."""
    path.parent.mkdir()
    path.write_text(flags.dump({"queue-stall": Switched(1, int(time.time()) - 1, "acc_1")}))
    faults = watch(clock=Clock(0.0))
    faults.look()
    assert faults.active("queue-stall") is None


def test_a_fault_of_one_replica_is_off_in_the_other(watch: Watch, switchboard: Switchboard) -> None:
    """A fault of one replica is off in the other, by the flag's targeting rule."""
    switchboard.on(FAULTS["api-errors"], {"percent": 10, "instance": "api-2"}, 60, "acc_1")
    first, second = watch(instance="api-1"), watch(instance="api-2")
    first.look()
    second.look()
    assert first.active("api-errors") is None
    assert second.active("api-errors") is not None


@pytest.mark.parametrize(
    "text", ["", "{ no json", "[]", '{"flags": {"queue-stall": {"state": "ENABLED"}}}', '{"flags": 1}']
)
def test_a_file_that_is_not_understood_switches_all_off_and_is_logged_once(
    text: str, watch: Watch, switchboard: Switchboard, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An invalid file switches off all faults and is logged once; a valid file takes effect again."""
    faults = watch()
    switchboard.on(FAULTS["queue-stall"], {}, 60, "acc_1")
    faults.look()
    assert faults.active("queue-stall") is not None
    path.write_text(text)
    caplog.clear()
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            faults.look()
    assert faults.active("queue-stall") is None
    assert [record.__dict__["event"] for record in caplog.records] == ["fault.bad_file"]
    switchboard.on(FAULTS["queue-stall"], {}, 60, "acc_1")
    faults.look()
    assert faults.active("queue-stall") is not None


def test_a_fault_without_an_end_is_ignored(watch: Watch, path: Path) -> None:
    """A handwritten fault without an end is ignored, because it might never be switched off."""
    path.parent.mkdir()
    path.write_text(
        '{"flags": {"queue-stall": {"state": "ENABLED", "variants": {"on": {}, "off": {}}, "defaultVariant": "on"}}}'
    )
    faults = watch()
    faults.look()
    assert faults.active("queue-stall") is None


def test_a_fork_knows_what_its_parent_knew(watch: Watch, switchboard: Switchboard) -> None:
    """A forked work horse sees the faults of its parent.

    It has no thread that reloads them, and takes no lock that its parent might have held.
    """
    switchboard.on(FAULTS["worker-crash"], {"percent": 100}, 60, "acc_1")
    faults = watch()
    faults.start()
    child = os.fork()
    if child == 0:
        os._exit(0 if faults.active("worker-crash") is not None else 1)
    assert os.waitpid(child, 0)[1] == 0
    faults.stop()


@pytest.mark.parametrize(("percent", "strikes"), [(100, 1000), (25, 250), (0.1, 1)])
def test_a_share_of_the_cases_is_struck(percent: float, strikes: int) -> None:
    """The fault affects exactly the requested share of evenly spread chances."""
    fault = Active(0.0, {"percent": percent})
    chances = iter(number / 1000 for number in range(1000))
    assert sum(fault.hits(lambda: next(chances)) for _ in range(1000)) == strikes


def test_without_the_setting_there_is_nothing() -> None:
    """Without the setting, or with an empty one, there is no fault injection."""
    assert faults_from_env("api", "api-1", {}) is None
    assert faults_from_env("api", "api-1", {"FAULTS_FILE": ""}) is None


def test_with_the_setting_there_is(tmp_path: Path) -> None:
    """With the setting there is fault injection, even before the file exists."""
    faults = faults_from_env("api", "api-1", {"FAULTS_FILE": str(tmp_path / "flags.json")})
    assert faults is not None
    faults.look()
    assert faults.active("api-errors") is None


def test_metrics_are_there_before_anything_happens(registry: CollectorRegistry, switchboard: Switchboard) -> None:
    """Both metrics are zero for every fault and action before anything happens."""
    for name in FAULTS:
        assert registry.get_sample_value("fault_active", {"fault": name}) == 0
        for action in ("on", "off", "expired"):
            assert registry.get_sample_value("faults_switched_total", {"fault": name, "action": action}) == 0


def test_a_fault_that_ends_at_infinity_is_ignored(watch: Watch, path: Path) -> None:
    """A fault that ends at infinity is ignored; JSON parsers accept such numbers, for example in handwritten files."""
    path.parent.mkdir()
    path.write_text(flags.dump({"queue-stall": Switched(1, 2, "x")}).replace('"until": 2', '"until": 1e999'))
    faults = watch()
    faults.look()
    assert faults.active("queue-stall") is None


def test_a_file_that_cannot_be_reached_is_logged_once(
    watch: Watch,
    switchboard: Switchboard,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A file that cannot be read switches off all faults and is logged once per outage.

    The faults that are on return with the file.
    """
    faults, stat = watch(), os.stat
    switchboard.on(FAULTS["queue-stall"], {}, 60, "acc_1")
    faults.look()

    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    for _ in range(2):
        caplog.clear()
        monkeypatch.setattr(os, "stat", refused)
        for _ in range(3):
            faults.look()
        monkeypatch.setattr(os, "stat", stat)
        assert faults.active("queue-stall") is None
        assert [record.__dict__["event"] for record in caplog.records] == ["fault.bad_file"]
        switchboard.on(FAULTS["queue-stall"], {}, 60, "acc_1")
        faults.look()
        assert faults.active("queue-stall") is not None


def test_a_listener_that_keeps_failing_is_logged_once(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    """A listener that keeps failing is logged once, not at every poll of the file, which happens twice per second."""
    faults, calls = watch(), []

    def failing() -> None:
        calls.append(1)
        raise RuntimeError("no luck")

    faults.listen(failing)
    faults.start()
    wait_until("the listener to be called three times", lambda: len(calls) >= 3, 10)
    faults.stop()
    assert [record.__dict__["event"] for record in caplog.records] == ["fault.failed"]
