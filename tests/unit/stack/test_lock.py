"""Locks between instances."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stack import lock


def test_who_waits_for_a_lock_can_be_stopped(tmp_path: Path) -> None:
    """Waiting for a lock can be interrupted, so that an interrupted `up` does not wait for another one's build."""

    def stop() -> None:
        raise KeyboardInterrupt

    said: list[int | None] = []
    with (
        lock.hold(tmp_path / "lock"),
        pytest.raises(KeyboardInterrupt),
        lock.hold(tmp_path / "lock", said.append, stop),
    ):
        pass
    assert said == [os.getpid()]


def test_a_held_lock_names_its_holder(tmp_path: Path) -> None:
    """A held lock reports its holder's PID, and is free once the holder has finished."""
    path = tmp_path / "lock"
    with lock.hold(path):
        assert lock.is_held(path)
        with pytest.raises(lock.Held) as held, lock.hold(path):
            pass
        assert held.value.pid == os.getpid()
    assert not lock.is_held(path)
