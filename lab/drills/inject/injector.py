"""Injection and clearing of a scenario's fault."""

from __future__ import annotations

from collections.abc import Callable

import psutil

from lab.clients.errors import RunFailed
from lab.clients.running_stack import RunningStack, family_of
from lab.drills.inject.guard import Guard, Process, resume
from lab.drills.inject.switches import Switches
from lab.drills.spec.model import Fault


class InstanceInjector:
    """``lab.drills.interfaces.Injector`` for an instance."""

    def __init__(self, instance: RunningStack) -> None:
        self._instance = instance
        self._undo: list[Callable[[], None]] = []
        self._switches: Switches | None = None

    def begin(self, fault: Fault, seconds: float) -> None:
        """Inject the fault. The steps that clear it are recorded first."""
        if fault.switch:
            self._switch(fault, int(seconds))
        elif fault.stop:
            guard = Guard(self._instance, fault.stop, (), seconds)
            self._undo += [guard.dismiss, lambda: self._instance.run("start", *fault.stop)]
            self._instance.run("stop", *fault.stop)
        elif fault.pause:
            self._pause(fault, seconds)
        for name in fault.kill:
            if self._instance.kill(name) is None:
                raise RunFailed(f"{name} was not running, so it could not be killed.")

    def clear(self) -> None:
        """Undo the steps in reverse order. A step that fails is kept, and the next call retries it."""
        while self._undo:
            self._undo[-1]()
            self._undo.pop()

    def _switch(self, fault: Fault, seconds: int) -> None:
        if self._switches is None:
            self._switches = Switches(self._instance)
        # A new token for each fault: it is valid for 15 minutes, and signing in to clear the fault would need MongoDB.
        self._switches.sign_in()
        switches, name = self._switches, str(fault.switch)
        if name not in switches.known():
            raise RunFailed(f"the shop has no fault {name}.")
        self._undo.append(lambda: switches.off(name))
        switches.on(name, fault.parameters, seconds)

    def _pause(self, fault: Fault, seconds: float) -> None:
        rows = self._instance.status()
        found: list[psutil.Process] = []
        for name in fault.pause:
            pid = rows[name]["pid"] if name in rows else None
            if pid is None:
                raise RunFailed(f"{name} is not running, so it cannot be paused.")
            found += family_of(pid)
        held: list[Process] = [(process.pid, process.create_time()) for process in found]
        guard = Guard(self._instance, (), held, seconds)
        self._undo += [guard.dismiss, lambda: resume(held)]
        for process in found:
            process.suspend()
