"""``start``, ``stop`` and ``restart`` of single components, for drills and tests."""

from __future__ import annotations

from collections.abc import Sequence

from stack import ready
from stack.components import Component, Table, pick
from stack.errors import StartFailed, SupervisorError
from stack.instance import attach
from stack.inventory import all_components
from stack.say import Say
from stack.settings import Settings
from stack.supervisor import Supervisor


def control(
    action: str, names: Sequence[str], settings: Settings, say: Say, components_of: Table = all_components
) -> int:
    """Stop the named components, start them again, or both; what is started is waited for until it is ready."""
    instance = attach(settings)
    components = [pick(components_of(instance), name) for name in names]
    supervisor = Supervisor(instance.paths.socket)
    supervisor.call("getState")
    if action in ("stop", "restart"):
        for component in components:
            require_known(supervisor, component)
            supervisor.call("stopProcess", component.name, False)
        supervisor.wait_stopped([component.name for component in components])
    if action in ("start", "restart"):
        for component in components:
            require_known(supervisor, component)
            supervisor.call("startProcess", component.name, False)
        for component in components:
            await_ready(component)
        supervisor.settle()
    done = {"start": "started", "stop": "stopped", "restart": "restarted"}[action]
    say.line(f"{', '.join(names)} {done}")
    return 0


def require_known(supervisor: Supervisor, component: Component) -> None:
    """Raise SupervisorError for a component that has not joined."""
    if component.name not in supervisor.processes():
        raise SupervisorError(f"{component.name} has not joined this instance yet: `make up` adds it.")


def await_ready(component: Component) -> None:
    """Wait until it is ready, or raise StartFailed."""
    try:
        ready.wait(component.ready, component.ready_seconds)
    except ready.NotReady as error:
        raise StartFailed(
            f"{component.name} is not ready ({error}): see `make logs SERVICE={component.name}`."
        ) from error
