"""Faults that a test switches directly, without a flag file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from faults.definitions import Value
from faults.watch import Active


@dataclass
class FakeFaults:
    """The part of ``faults.watch.Faults`` that a process uses; ``at_look`` is called at each ``look()``."""

    on: dict[str, Active] = field(default_factory=dict)
    at_look: Callable[[], None] = lambda: None

    def switch(self, name: str, **parameters: Value) -> None:
        """Switch the fault on with exactly these parameters."""
        self.on[name] = Active(float("inf"), parameters)

    def off(self, name: str) -> None:
        self.on.pop(name, None)

    def active(self, name: str) -> Active | None:
        return self.on.get(name)

    def look(self) -> None:
        self.at_look()
