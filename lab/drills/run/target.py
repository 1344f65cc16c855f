"""The instance that a drill runs on: the running stack, or a separate instance."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from lab.clients.errors import RunFailed
from lab.clients.own_stack import own_stack
from lab.clients.running_stack import RunningStack, default_state_dir
from lab.drills.inject.injector import InstanceInjector
from lab.drills.interfaces import World
from lab.drills.traffic.light import LightLoad
from lab.drills.watch.servers import RealClock, Servers


@contextlib.contextmanager
def place(own: bool, keep: bool = False, here: bool = False) -> Iterator[tuple[RunningStack, bool]]:
    """Yield the running instance, unless ``own``, and whether it is the drill's own. Raises ``RunFailed``.

    With ``here``, an instance must be running, and none is started.
    """
    running = None if own else _running(RunningStack.at(default_state_dir()))
    if running is not None:
        yield running, False
        return
    if here:
        raise RunFailed(f"no stack is running in {default_state_dir()}: start it with make up.")
    # The caller's ports and directory do not apply to it.
    for name in ("GLASSHOUSE_PORT_OFFSET", "GLASSHOUSE_STATE_DIR"):
        os.environ.pop(name, None)
    with own_stack(keep) as instance:
        yield instance, True


def world_of(instance: RunningStack) -> World:
    """Return the real implementations of the runner's interfaces."""
    alone = "traffic" not in instance.status()
    return World(RealClock(), Servers(instance), InstanceInjector(instance), LightLoad(instance, alone), alone)


def _running(instance: RunningStack) -> RunningStack | None:
    try:
        rows = instance.status()
    except RunFailed:
        return None
    return instance if rows.get("nginx", {}).get("state") == "running" else None
