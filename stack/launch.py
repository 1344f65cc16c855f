"""Concurrent start of components, and the wait until each is ready."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from stack import failure, ready, render, secrets, supervisorconf
from stack.components import Component
from stack.errors import StackError
from stack.instance import Instance
from stack.say import Say, clock
from stack.supervisor import Supervisor, start

CHECK_SECONDS = 0.4


class Interrupted(Exception):
    """The user has stopped the wait."""


class Launch:
    """One ``up``: starts components under supervisord and watches each until it is ready."""

    def __init__(self, instance: Instance, say: Say) -> None:
        self.instance, self.say = instance, say
        self.supervisor = Supervisor(instance.paths.socket)
        self.pool = ThreadPoolExecutor(max_workers=32)
        self.interrupted = threading.Event()
        self.waiting: dict[Future[None], Component] = {}
        self.unready: set[str] = set()
        self.ran_before: set[str] = set()
        self.log_begin = 0

    def start(self, components: Sequence[tuple[Component, Path]]) -> None:
        """Start these components, and supervisord if it is not running, and begin to wait for each.

        Unchanged components that are already running keep running; components that are not in the list are stopped.
        """
        paths = self.instance.paths
        secrets.make(paths)
        log = paths.logs / "supervisord.log"
        self.log_begin = log.stat().st_size if log.exists() else 0
        running = self.supervisor.processes()
        self.ran_before = {name for name, info in running.items() if info["pid"]}
        render.left(paths, {component.name for component, _ in components})
        render.given_log_store(self.instance)
        for component, program in components:
            supervisorconf.write_component(self.instance, component, program)
            render.joined(self.instance, component)
        supervisorconf.write_main(self.instance)
        if running:
            self.supervisor.refresh([component.name for component, _ in components])
        else:
            self.supervisor = start(self.instance)
        self.unready = {component.name for component, _ in components}
        for component, _ in components:
            self.watch(component)

    def join(self, component: Component, program: Path) -> None:
        """Start one more component and begin to wait for it."""
        supervisorconf.write_component(self.instance, component, program)
        render.joined(self.instance, component)
        self.supervisor.refresh([component.name])
        self.watch(component)

    def watch(self, component: Component) -> None:
        """Begin to wait for the component."""
        self.waiting[self.pool.submit(self.wait_ready, component)] = component

    def wait_ready(self, component: Component) -> None:
        """Probe the component until it is ready and print that. Raises StartFailed, with its last lines, on timeout."""
        checked = time.monotonic()

        def check() -> None:
            nonlocal checked
            if self.interrupted.is_set():
                raise Interrupted
            if time.monotonic() - checked > CHECK_SECONDS:
                checked = time.monotonic()
                self.verify(component)

        def probe() -> None:
            if missing := self.unready.intersection(component.needs):
                raise ready.NotReady(f"waiting for {' and '.join(sorted(missing))}")
            component.ready()

        try:
            ready.wait(probe, component.ready_seconds, check)
        except ready.NotReady as error:
            what = f"was not ready after {clock(component.ready_seconds)} ({error})"
            raise failure.failed(self.instance.paths, component, what) from error
        if component.reload and component.name in self.ran_before:
            self.reload(component)
        self.unready.discard(component.name)
        self.say.line(f"  {clock(self.say.elapsed()):>10}  {component.name:<13} ready   {component.url}")

    def reload(self, component: Component) -> None:
        """Make a server that was already running reload its configuration. Raises StartFailed if it rejects it."""
        try:
            ready.post(self.instance.ports[component.ports[0]], component.reload)
        except ready.NotReady as error:
            what = f"keeps its old configuration because it rejected the new one ({error})"
            raise failure.failed(self.instance.paths, component, what) from error

    def verify(self, component: Component) -> None:
        """Raise StartFailed if supervisord has stopped restarting the component, or if it exited as misconfigured."""
        info = self.supervisor.call("getProcessInfo", component.name)
        state, paths = info["statename"], self.instance.paths
        if state in ("EXITED", "BACKOFF") and failure.said_misconfigured(paths, component.name, self.log_begin):
            self.supervisor.call("stopProcess", component.name, False)
            raise failure.misconfigured(paths, component)
        # supervisord is about to restart an EXITED component, and also a STOPPED one that never ran.
        if state == "FATAL" or (state == "STOPPED" and info["stop"]):
            raise failure.failed(paths, component, f"keeps exiting ({info['spawnerr'] or info['description']})")

    def wait_all(self, core_only: bool = False) -> list[StackError]:
        """Wait until the started components are ready. Returns the errors of those that failed."""
        errors: list[StackError] = []
        while pending := [future for future, component in self.waiting.items() if component.core or not core_only]:
            done, _ = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
            for future in done:
                component = self.waiting.pop(future)
                error = future.exception()
                if isinstance(error, StackError):
                    self.say.line(f"  {clock(self.say.elapsed()):>10}  {component.name:<13} FAILED")
                    errors.append(error)
                elif error:
                    raise error
            if names := [component.name for future, component in self.waiting.items() if not future.done()]:
                self.say.under_way(f"  {clock(self.say.elapsed()):>10}  waiting for {', '.join(names)}")
        self.say.under_way("")
        return errors

    def stop_waiting(self) -> None:
        """Stop waiting. The components keep running."""
        self.interrupted.set()
        self.say.under_way("")
        self.pool.shutdown(wait=False, cancel_futures=True)
