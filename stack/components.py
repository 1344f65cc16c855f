"""What a component is. All components of an instance: ``stack/inventory.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from stack.errors import UnknownComponent
from stack.instance import Instance

Probe = Callable[[], None]
"""Asks the server whether it can serve; returns if so, raises ``ready.NotReady`` with the reason if not."""

Table = Callable[[Instance], list["Component"]]
"""Makes the components of an instance. Tests pass a small one in place of ``inventory.all_components``."""

PYTHON = "python"
"""The program of our own components: the interpreter that the launcher itself runs on."""


@dataclass(frozen=True)
class Component:
    """One supervised process: how it is started, what it listens on, when it is ready, how it is stopped.

    ``program`` is a name of ``programs.PROGRAMS``, or PYTHON. ``ports`` are names of ``port_numbers.DEFAULT_PORTS``;
    the first is the one that people use. ``wave`` orders stopping: lower ones first, those of one wave together.
    """

    name: str
    program: str
    arguments: tuple[str, ...]
    ports: tuple[str, ...]
    ready: Probe
    url: str
    environment: Mapping[str, str] = field(default_factory=dict)
    core: bool = True
    json_log: bool = False
    wave: int = 1
    stop_seconds: int = 10
    stop_signal: str = "TERM"
    ready_seconds: float = 60.0
    folder: str = ""
    """Working directory; the checkout when empty."""
    scrape: Mapping[str, str] = field(default_factory=dict)
    """Prometheus: job to port name."""
    joins_with: str = ""
    """A component that this one cannot work without: this one starts when that one's program is available."""
    needs: tuple[str, ...] = ()
    """Not asked before these are ready: what it would answer is known, and would stand in its log as an error."""
    reload: str = ""
    """Path that makes the server read its configuration again when POSTed to; used when ``up`` finds it running."""
    note: str = ""
    """What people find at the address; shown with it when ``up`` is done."""


def pick(components: list[Component], name: str) -> Component:
    """The component of this name."""
    for component in components:
        if component.name == name:
            return component
    raise UnknownComponent(f"there is no component {name}: it is one of {', '.join(item.name for item in components)}.")
