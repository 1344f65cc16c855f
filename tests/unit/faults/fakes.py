"""Flags that a test holds in its hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from faults.definitions import Value
from faults.watch import Active


@dataclass
class FakeFaults:
    """What a process asks of ``faults.watch.Faults``; ``at_look`` is what happens when it looks."""

    on: dict[str, Active] = field(default_factory=dict)
    at_look: Callable[[], None] = lambda: None

    def switch(self, name: str, **parameters: Value) -> None:
        """On, with exactly these parameters."""
        self.on[name] = Active(float("inf"), parameters)

    def off(self, name: str) -> None:
        self.on.pop(name, None)

    def active(self, name: str) -> Active | None:
        return self.on.get(name)

    def look(self) -> None:
        self.at_look()
