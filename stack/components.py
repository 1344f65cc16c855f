"""The definition of a component. ``stack/inventory.py`` lists all components of an instance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from stack.errors import UnknownComponent
from stack.instance import Instance

Probe = Callable[[], None]
"""Checks whether the server is ready; raises ``ready.NotReady`` with the reason if it is not."""

Table = Callable[[Instance], list["Component"]]
"""Creates the components of an instance. Tests pass a smaller function instead of ``inventory.all_components``."""

PYTHON = "python"
"""The program of our own components: the Python interpreter that runs the launcher."""


@dataclass(frozen=True)
class Component:
    """One supervised process: its command line, its ports, its readiness check and how it is stopped.

    ``program`` is a name of ``programs.PROGRAMS``, or PYTHON. ``ports`` are names of ``port_numbers.DEFAULT_PORTS``;
    the first is the one that users open. ``wave`` defines the stop order: lower waves first, all components of a wave
    together.
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
    """Working directory; the checkout if empty."""
    scrape: Mapping[str, str] = field(default_factory=dict)
    """Scrape targets for Prometheus: port name by job."""
    joins_with: str = ""
    """A component that this one requires. This one starts when the other one's program is available."""
    needs: tuple[str, ...] = ()
    """Components that must be ready before this one is probed. A probe would fail before that and log an error."""
    reload: str = ""
    """A POST to this path makes the server reload its configuration. ``up`` sends it to a server that already runs."""
    note: str = ""
    """Description of what the address serves; ``up`` prints it next to the address."""


def pick(components: list[Component], name: str) -> Component:
    """Return the component with this name."""
    for component in components:
        if component.name == name:
            return component
    raise UnknownComponent(f"there is no component {name}: use one of {', '.join(item.name for item in components)}.")
