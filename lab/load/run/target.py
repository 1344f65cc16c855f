"""The stack under load: its components, and its exclusive use."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.clients.errors import RunFailed
from lab.clients.running_stack import RunningStack

TRICKLE = "traffic"
REQUIRED = ("nginx", "api-1", "prometheus")


@dataclass(frozen=True)
class Target:
    """``states`` and ``pids`` by component (``pids`` of those that run); ``front_door_log`` is NGINX's access log."""

    stack: RunningStack
    states: dict[str, str]
    pids: dict[str, int]
    front_door_log: Path

    @classmethod
    def of(cls, stack: RunningStack) -> Target:
        """Read the stack's status. Raises ``RunFailed`` if a component that a load run needs is not running."""
        rows = stack.status()
        states = {name: row["state"] for name, row in rows.items()}
        if missing := [name for name in REQUIRED if states.get(name) != "running"]:
            raise RunFailed(f"{', '.join(missing)} is not running: run `make up` to start missing components.")
        pids = {name: row["pid"] for name, row in rows.items() if row["pid"]}
        return cls(stack, states, pids, Path(rows["nginx"]["log"]))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Stop the generated traffic, start it again afterwards, and hold a lock against a second load.

        Raises ``RunFailed`` if another load run holds the lock.
        """
        folder = self.stack.state_dir / "load"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RunFailed("another `make load` is running on this stack: wait until it has finished.") from None
            flowing = self.states.get(TRICKLE) == "running"
            try:
                if flowing:
                    self.stack.run("stop", TRICKLE)
                yield
            finally:
                if flowing:
                    self.stack.run("start", TRICKLE)
