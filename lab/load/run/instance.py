"""The running instance, through its launcher: the rooms of this project share no code with it."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
COMMAND_SECONDS = 60.0
TRICKLE = "traffic"


class NotReady(Exception):
    """The instance cannot be put under load; says why and what to do, in one sentence."""


@dataclass(frozen=True)
class Instance:
    """``pids`` by component, of those that run; ``front_door_log`` is NGINX's access log."""

    state_dir: Path
    states: dict[str, str]
    pids: dict[str, int]
    front_door_log: Path

    @classmethod
    def now(cls) -> Instance:
        """The instance that the environment names. Raises ``NotReady``."""
        done = _launcher("status", "--json")
        try:
            status: dict[str, Any] = json.loads(done.stdout)
        except ValueError as error:
            raise NotReady(f"no instance can be asked: {done.stderr.strip() or done.stdout.strip()}") from error
        rows = status["components"]
        states = {name: row["state"] for name, row in rows.items()}
        if missing := [name for name in ("nginx", "api-1", "prometheus") if states.get(name) != "running"]:
            raise NotReady(f"{', '.join(missing)} does not run: `make up` starts what is missing.")
        pids = {name: row["pid"] for name, row in rows.items() if row["pid"]}
        return cls(Path(status["state_dir"]), states, pids, Path(rows["nginx"]["log"]))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Without the trickle of generated traffic, which goes on afterwards; no second load meanwhile.

        Raises ``NotReady`` if another load is under way.
        """
        folder = self.state_dir / "load"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise NotReady("another `make load` is under way on this instance: wait for its end.") from None
            flowing = self.states.get(TRICKLE) == "running"
            try:
                if flowing:
                    _must("stop", TRICKLE)
                yield
            finally:
                if flowing:
                    _must("start", TRICKLE)


def _must(*arguments: str) -> None:
    done = _launcher(*arguments)
    if done.returncode:
        raise NotReady(f"`stack {' '.join(arguments)}` failed: {done.stderr.strip() or done.stdout.strip()}")


def _launcher(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stack", *arguments]
    # In a group of its own: Ctrl-C ends the load, not the launcher that tidies up after it.
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=COMMAND_SECONDS, start_new_session=True
    )
