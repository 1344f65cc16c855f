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
    """Without GLASSHOUSE_STATE_DIR the state lies in .glasshouse of the checkout."""
    assert settings.read({}).paths.state == ROOT / ".glasshouse"


def test_a_relative_state_directory_counts_from_the_checkout() -> None:
    """As the default does, wherever the command is typed."""
    assert settings.read({"GLASSHOUSE_STATE_DIR": "second"}).paths.state == ROOT / "second"


@pytest.mark.parametrize("text", ["-1", "ten", "1.5", str(HIGHEST_OFFSET + 1)])
def test_an_offset_that_leaves_the_range_of_ports_is_refused(text: str) -> None:
    """The message names the setting, its value and what it may be."""
    with pytest.raises(SettingError, match=f"GLASSHOUSE_PORT_OFFSET is '{text}': .*from 0 to {HIGHEST_OFFSET}"):
        settings.read({"GLASSHOUSE_PORT_OFFSET": text})


def test_the_highest_offset_keeps_every_port_valid() -> None:
    """Every port stays within 16 bits, and no two are the same."""
    ports = Ports(settings.read({"GLASSHOUSE_PORT_OFFSET": str(HIGHEST_OFFSET)}).offset or 0)
    numbers = [ports[name] for name in DEFAULT_PORTS]
    assert max(numbers) == 65535
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize(("text", "on"), [("", True), ("1", True), ("0", False), ("no", False)])
def test_traffic_is_on_unless_switched_off(text: str, on: bool) -> None:
    """TRAFFIC=0 leaves the generated traffic out."""
    assert settings.read({"TRAFFIC": text}).traffic is on


def test_a_switch_is_on_or_off() -> None:
    """Anything but the words for on and off is refused."""
    with pytest.raises(SettingError, match=r"TRAFFIC is 'some': it must be 1, true, yes, on or 0, false, no, off"):
        settings.read({"TRAFFIC": "some"})


@pytest.mark.parametrize("path", ['/tmp/a"b', "/tmp/it's", "/tmp/a #b"])
def test_a_path_that_the_supervisor_would_misread_is_refused(path: str) -> None:
    """Quotes and comment signs cannot be written into its configuration and be read back the same."""
    with pytest.raises(SettingError, match="GLASSHOUSE_STATE_DIR"):
        settings.read({"GLASSHOUSE_STATE_DIR": path})


def test_the_record_gives_the_offset_back(instance: Instance) -> None:
    """Status, logs and down do not need the offset again."""
    instances.make_state_dir(instance.paths)
    instances.write_record(instance, ["redis"])
    assert instances.attach(settings.Settings(instance.paths)).ports.offset == 100


def test_another_offset_than_the_recorded_one_is_an_error(instance: Instance) -> None:
    """The message says both and what to do."""
    instances.make_state_dir(instance.paths)
    instances.write_record(instance, ["redis"])
    with pytest.raises(OffsetMismatch, match="GLASSHOUSE_PORT_OFFSET=100, not 200"):
        instances.attach(settings.Settings(instance.paths, offset=200))


def test_up_after_a_crash_may_choose_another_offset(instance: Instance) -> None:
    """When nothing runs, the record is a default and no bond."""
    instances.make_state_dir(instance.paths)
    instances.write_record(instance, [])
    assert instances.begin(settings.Settings(instance.paths)).ports.offset == 100
    assert instances.begin(settings.Settings(instance.paths, offset=0)).ports.offset == 0


def test_a_state_directory_that_cannot_be_made(tmp_path: Path) -> None:
    """A file in its place is said in one sentence."""
    (tmp_path / "file").touch()
    with pytest.raises(StateDirError, match="cannot be written"):
        instances.make_state_dir(StatePaths(tmp_path / "file" / "state"))


def test_a_long_state_directory_gets_a_short_socket(tmp_path: Path) -> None:
    """The address of a Unix socket holds 108 bytes; every instance keeps a socket of its own."""
    near, far, other = (StatePaths(Path("/tmp") / name) for name in ("near", "x" * 120, "y" * 120))
    assert near.socket == near.run / "supervisor.sock"
    assert len(bytes(far.socket)) < 100
    assert far.socket != other.socket
