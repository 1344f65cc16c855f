"""Components are killed in turn, kept down for a while, and started again."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from lab.clients.errors import RunFailed
from lab.clients.running_stack import RunningStack

# Components that accept orders are first, so that they are killed while orders arrive.
IN_TURN = ("mongo", "api-1", "redis", "payments", "worker-1", "api-2", "sweeper")


@dataclass(frozen=True, slots=True)
class Kill:
    """A killed component; ``down_seconds`` lasts from the kill until it was ready again."""

    name: str
    held_seconds: float
    down_seconds: float


@dataclass
class Killer:
    """Kills the components ``names`` in turn and keeps each down for a random time within ``hold``, in seconds.

    Runs at least ``turns`` complete turns, then until ``enough`` is set. All components are running when it has
    finished.
    """

    instance: RunningStack
    names: Sequence[str]
    hold: tuple[float, float]
    enough: threading.Event
    seed: int = 0
    turns: int = 1
    kills: list[Kill] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    now: str = ""
    """The component that is currently down; empty if none."""

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)  # noqa: S311  (a repeatable draw, not a secret)
        self._thread = threading.Thread(target=self._run, name="killer")

    def start(self) -> None:
        """Start in a separate thread."""
        self._thread.start()

    def join(self, seconds: float) -> bool:
        """Wait for the end. Returns whether it has finished."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def running(self) -> bool:
        """Whether it is still running."""
        return self._thread.is_alive()

    def _run(self) -> None:
        turn = 0
        while turn < self.turns or not self.enough.is_set():
            for name in self.names:
                if self.enough.is_set() and turn >= self.turns:
                    return
                try:
                    self._one(name)
                except RunFailed as error:
                    self.errors.append(f"{name}: {error}")
            turn += 1

    def _one(self, name: str) -> None:
        hold = self._chance.uniform(*self.hold)
        began = time.monotonic()
        self.now = name
        try:
            pid = self.instance.kill(name)
            # supervisord would restart it immediately.
            self.instance.run("stop", name)
            # An event that is never set, used as a timer.
            threading.Event().wait(max(0.0, hold - (time.monotonic() - began)))
        finally:
            self.instance.run("start", name)
            self.now = ""
        if pid is None:
            self.errors.append(f"{name} was not running when it should have been killed")
        else:
            self.kills.append(Kill(name, hold, time.monotonic() - began))
