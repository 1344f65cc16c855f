"""The launcher's settings and ports."""

from __future__ import annotations

from pathlib import Path

import pytest

from stack import instance as instances
from stack import settings
from stack.errors import OffsetMismatch, SettingError, StateDirError
from stack.instance import Instance
from stack.paths import ROOT, StatePaths
from stack.port_numbers import DEFAULT_PORTS, HIGHEST_OFFSET, Ports


def test_default_state_directory_is_in_the_checkout() -> None:
    """Without GLASSHOUSE_STATE_DIR the state directory is .glasshouse in the checkout."""
    assert settings.read({}).paths.state == ROOT / ".glasshouse"


def test_a_relative_state_directory_counts_from_the_checkout() -> None:
    """A relative state directory is relative to the checkout, wherever the command is run."""
    assert settings.read({"GLASSHOUSE_STATE_DIR": "second"}).paths.state == ROOT / "second"


@pytest.mark.parametrize("text", ["-1", "ten", "1.5", str(HIGHEST_OFFSET + 1)])
def test_an_offset_that_leaves_the_range_of_ports_is_refused(text: str) -> None:
    """An offset outside the range of ports is refused with the setting, its value and the allowed range."""
    with pytest.raises(SettingError, match=f"GLASSHOUSE_PORT_OFFSET is '{text}': .*from 0 to {HIGHEST_OFFSET}"):
        settings.read({"GLASSHOUSE_PORT_OFFSET": text})


def test_the_highest_offset_keeps_every_port_valid() -> None:
    """With the highest offset every port is at most 65535 and unique."""
    ports = Ports(settings.read({"GLASSHOUSE_PORT_OFFSET": str(HIGHEST_OFFSET)}).offset or 0)
    numbers = [ports[name] for name in DEFAULT_PORTS]
    assert max(numbers) == 65535
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize(("text", "on"), [("", True), ("1", True), ("0", False), ("no", False)])
def test_traffic_is_on_unless_switched_off(text: str, on: bool) -> None:
    """Traffic is generated unless TRAFFIC switches it off."""
    assert settings.read({"TRAFFIC": text}).traffic is on


def test_a_switch_is_on_or_off() -> None:
    """A switch accepts only the words for on and off."""
    with pytest.raises(SettingError, match=r"TRAFFIC is 'some': it must be 1, true, yes, on or 0, false, no, off"):
        settings.read({"TRAFFIC": "some"})


@pytest.mark.parametrize("path", ['/tmp/a"b', "/tmp/it's", "/tmp/a #b"])
def test_a_path_that_the_supervisor_would_misread_is_refused(path: str) -> None:
    """A state directory with quotes or comment signs is refused, because supervisord would parse it differently."""
    with pytest.raises(SettingError, match="GLASSHOUSE_STATE_DIR"):
        settings.read({"GLASSHOUSE_STATE_DIR": path})


def test_the_record_gives_the_offset_back(instance: Instance) -> None:
    """The recorded offset is used by status, logs and down, which do not need it again."""
    instances.make_state_dir(instance.paths)
    instances.write_record(instance, ["redis"])
    assert instances.attach(settings.Settings(instance.paths)).ports.offset == 100


def test_another_offset_than_the_recorded_one_is_an_error(instance: Instance) -> None:
    """An offset that differs from the recorded one is refused with both values and the remedy."""
    instances.make_state_dir(instance.paths)
    instances.write_record(instance, ["redis"])
    with pytest.raises(OffsetMismatch, match="GLASSHOUSE_PORT_OFFSET=100, not 200"):
        instances.attach(settings.Settings(instance.paths, offset=200))


def test_up_after_a_crash_may_choose_another_offset(instance: Instance) -> None:
    """`up` after a crash may use another offset, because the record is only a default when nothing is running."""
    instances.make_state_dir(instance.paths)
    instances.write_record(instance, [])
    assert instances.begin(settings.Settings(instance.paths)).ports.offset == 100
    assert instances.begin(settings.Settings(instance.paths, offset=0)).ports.offset == 0


def test_a_state_directory_that_cannot_be_made(tmp_path: Path) -> None:
    """A file in place of the state directory is reported in one sentence."""
    (tmp_path / "file").touch()
    with pytest.raises(StateDirError, match="cannot be written"):
        instances.make_state_dir(StatePaths(tmp_path / "file" / "state"))


def test_a_long_state_directory_gets_a_short_socket(tmp_path: Path) -> None:
    """A long state directory gets a separate short socket path, because a Unix socket address holds 108 bytes."""
    near, far, other = (StatePaths(Path("/tmp") / name) for name in ("near", "x" * 120, "y" * 120))
    assert near.socket == near.run / "supervisor.sock"
    assert len(bytes(far.socket)) < 100
    assert far.socket != other.socket
