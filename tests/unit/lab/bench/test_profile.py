"""``make profile``: the requests that it refuses, and the remedies that it names."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import pytest

from lab.bench import profile


@pytest.mark.parametrize("text", ["0", "601", "-1", "1.5", "ten", ""])
def test_a_length_out_of_bounds_is_refused(text: str) -> None:
    """A length out of bounds is refused with the bounds."""
    with pytest.raises(argparse.ArgumentTypeError, match="from 1 to 600"):
        profile.seconds(text)


@pytest.mark.parametrize(("user", "scope", "allowed"), [(0, "3", True), (1000, "0", True), (1000, "1", False)])
def test_without_permission_to_trace_the_remedy_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int, scope: str, allowed: bool
) -> None:
    """Without permission to trace, the remedy is shown.

    Root always has permission, and other users have it where the kernel allows it.
    """
    (tmp_path / "ptrace_scope").write_text(f"{scope}\n")
    monkeypatch.setattr(profile, "PTRACE", tmp_path / "ptrace_scope")
    monkeypatch.setattr(os, "geteuid", lambda: user)
    said = profile.forbidden()
    assert (said == "") is allowed
    if not allowed:
        assert "kernel.yama.ptrace_scope=1" in said
        assert "sudo -E make profile" in said


def test_a_program_that_fails_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profiler that fails is reported with the last line of its output."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    broken = tmp_path / "py-spy"
    broken.write_text("#!/bin/sh\necho Error: no such process >&2\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(profile.CannotProfile, match=r"could not read api-1 \(pid 1\): Error: no such process"):
        profile.flame_graph(1, "api-1", 1, str(broken), tmp_path / "out.svg")


def test_a_server_that_gives_no_profile_is_reported(tmp_path: Path) -> None:
    """A server that returns no profile is reported with its address."""
    with pytest.raises(profile.CannotProfile, match=r"127\.0\.0\.1:1/debug"):
        profile.pprof("http://127.0.0.1:1/debug", 1, tmp_path / "out.pb.gz")


def test_an_idle_process_has_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An idle process is reported as idle, in place of py-spy's own message."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    idle = tmp_path / "py-spy"
    idle.write_text("#!/bin/sh\necho Error: Failed to write flamegraph: No stack counts found >&2\nexit 1\n")
    idle.chmod(0o755)
    with pytest.raises(profile.CannotProfile, match="worker-1 used no CPU in 2 s: put it under load first"):
        profile.flame_graph(1, "worker-1", 2, str(idle), tmp_path / "out.svg")
