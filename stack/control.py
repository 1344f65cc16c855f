"""``start``, ``stop`` and ``restart`` for single components; drills and tests use them."""

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
    """Stop or start the named components, or both. Waits until started components are ready."""
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
    """Raise SupervisorError for a component that is not part of the instance yet."""
    if component.name not in supervisor.processes():
        raise SupervisorError(f"{component.name} is not part of this instance yet: run `make up` to add it.")


def await_ready(component: Component) -> None:
    """Wait until the component is ready, or raise StartFailed."""
    try:
        ready.wait(component.ready, component.ready_seconds)
    except ready.NotReady as error:
        raise StartFailed(
            f"{component.name} is not ready ({error}): see `make logs SERVICE={component.name}`."
        ) from error
