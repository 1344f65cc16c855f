"""What a declaration calls a fault, done to an instance and undone."""

from __future__ import annotations

from collections.abc import Callable

import psutil

from lab.clients.instance import DrillFailed, Instance, family_of
from lab.drills.inject.guard import Guard, Process, go_on
from lab.drills.inject.switches import Switches
from lab.drills.spec.model import Fault


class InstanceBreaker:
    """``lab.drills.interfaces.Breaker`` for an instance."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._undo: list[Callable[[], None]] = []
        self._switches: Switches | None = None

    def begin(self, fault: Fault, seconds: float) -> None:
        """Break it. How it is undone is noted before it is done."""
        if fault.switch:
            self._switch(fault, int(seconds))
        elif fault.stop:
            guard = Guard(self._instance, fault.stop, (), seconds)
            self._undo += [guard.dismiss, lambda: self._instance.must("start", *fault.stop)]
            self._instance.must("stop", *fault.stop)
        elif fault.pause:
            self._pause(fault, seconds)
        for name in fault.kill:
            if self._instance.kill(name) is None:
                raise DrillFailed(f"{name} did not run, so it could not be killed.")

    def mend(self) -> None:
        """Undo the last first. What cannot be undone keeps its place, and is tried again by the next call."""
        while self._undo:
            self._undo[-1]()
            self._undo.pop()

    def _switch(self, fault: Fault, seconds: int) -> None:
        if self._switches is None:
            self._switches = Switches(self._instance)
        # Each time: a token lives a quarter of an hour, and while MongoDB stands still nobody can sign in to mend it.
        self._switches.sign_in()
        switches, name = self._switches, str(fault.switch)
        if name not in switches.known():
            raise DrillFailed(f"this shop has no fault {name}.")
        self._undo.append(lambda: switches.off(name))
        switches.on(name, fault.parameters, seconds)

    def _pause(self, fault: Fault, seconds: float) -> None:
        rows = self._instance.status()
        found: list[psutil.Process] = []
        for name in fault.pause:
            pid = rows[name]["pid"] if name in rows else None
            if pid is None:
                raise DrillFailed(f"{name} does not run, so it cannot be paused.")
            found += family_of(pid)
        held: list[Process] = [(process.pid, process.create_time()) for process in found]
        guard = Guard(self._instance, (), held, seconds)
        self._undo += [guard.dismiss, lambda: go_on(held)]
        for process in found:
            process.suspend()
