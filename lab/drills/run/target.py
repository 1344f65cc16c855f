"""Where a drill runs: on the stack that is up, or on an instance of its own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from lab.clients.instance import DrillFailed, Instance, own_instance
from lab.drills.inject.injector import InstanceBreaker
from lab.drills.interfaces import World
from lab.drills.traffic.light import LightLoad
from lab.drills.watch.servers import RealClock, Servers
from stack import settings


def state_dir() -> Path:
    """The user's state directory; results go there too, wherever the drill ran. Raises ``SettingError``."""
    return settings.state_dir(os.environ)


@contextlib.contextmanager
def place(own: bool, keep: bool = False, here: bool = False) -> Iterator[tuple[Instance, bool]]:
    """The instance that is up, unless ``own``; and whether it is the drill's own. Raises ``DrillFailed``.

    ``here``: it must be up, none is started.
    """
    running = None if own else _running(Instance.at(state_dir()))
    if running is not None:
        yield running, False
        return
    if here:
        raise DrillFailed(f"no stack is up in {state_dir()}: start it with make up.")
    # The caller's ports and directory are not for it.
    for name in ("GLASSHOUSE_PORT_OFFSET", "GLASSHOUSE_STATE_DIR"):
        os.environ.pop(name, None)
    with own_instance(keep) as instance:
        yield instance, True


def world_of(instance: Instance) -> World:
    """The real world."""
    alone = "traffic" not in instance.status()
    return World(RealClock(), Servers(instance), InstanceBreaker(instance), LightLoad(instance, alone), alone)


def _running(instance: Instance) -> Instance | None:
    try:
        rows = instance.status()
    except DrillFailed:
        return None
    return instance if rows.get("nginx", {}).get("state") == "running" else None
