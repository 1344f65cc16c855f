"""A small stack under a real supervisord: real processes, but none of the servers."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from stack import portcheck, ready, stragglers
from stack.components import PYTHON, Component, Table
from stack.control import control
from stack.down import down
from stack.instance import Instance, attach
from stack.paths import StatePaths
from stack.port_numbers import DEFAULT_PORTS, Ports
from stack.say import Say
from stack.settings import Settings
from stack.status import Row, collect
from stack.up import up

PASSED_ON = {"OBSERVABILITY_LOG_LEVEL": "INFO", "OBSERVABILITY_ENVIRONMENT": "test", "OBSERVABILITY_VERSION": "0"}
NAMES = ("payments", "api-1")


def free_offset() -> int:
    """Return an offset at which every port is free, below the range of ephemeral ports."""
    offsets = random.sample(range(1000, 5700), 200)
    return next(it for it in offsets if all(portcheck.is_free(port + it) for port in DEFAULT_PORTS.values()))


def web(instance: Instance, name: str) -> Component:
    """Return a component that runs Python's own web server."""
    port = instance.ports[name]
    return Component(
        name=name,
        program=PYTHON,
        arguments=("-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(instance.paths.run)),
        ports=(name,),
        ready=ready.http_ok(port),
        url=instance.ports.url(name),
        ready_seconds=15,
    )


@dataclass
class SmallStack:
    """A stack of a few components; ``change`` replaces one of them before the next ``up``."""

    settings: Settings
    said: io.StringIO = field(default_factory=io.StringIO)
    changes: dict[str, Callable[[Component], Component]] = field(default_factory=dict)

    def components(self, instance: Instance) -> list[Component]:
        """Return the component table."""
        return [self.changes.get(name, lambda same: same)(web(instance, name)) for name in NAMES]

    def change(self, name: str, **fields: Any) -> None:
        """Replace this component from the next `up` on."""
        self.changes[name] = lambda component: replace(component, **fields)

    def up(self) -> int:
        """Run `make up`."""
        return up(self.settings, Say(self.said), self.components)

    def down(self) -> int:
        """Run `make down`."""
        return down(self.settings, Say(self.said), components_of=self.components)

    def control(self, action: str, name: str) -> int:
        """Run `python -m stack start|stop|restart NAME`."""
        return control(action, [name], self.settings, Say(self.said), self.components)

    def rows(self) -> dict[str, Row]:
        """Run `make status`."""
        return collect(attach(self.settings), self.components)

    def rows_of(self, components_of: Table) -> dict[str, Row]:
        """Run `make status` for another component table."""
        return collect(attach(self.settings), components_of)

    def pid(self, name: str) -> int:
        """Return the pid of a running component."""
        row = self.rows()[name]
        assert row.state == "running"
        assert row.pid
        return row.pid

    @property
    def supervisor_pid(self) -> int:
        """Return the pid of supervisord."""
        return int((self.settings.paths.run / "supervisord.pid").read_text())

    def left(self) -> list[int]:
        """Return the running processes of this instance."""
        return [process.pid for process in stragglers.find(self.settings.paths.state)]

    def free(self) -> bool:
        """Return whether its ports are free."""
        ports = Ports(self.settings.offset or 0)
        return all(portcheck.is_free(ports[name]) for name in NAMES)

    def record(self) -> dict[str, Any]:
        """Return what `up` wrote about the instance."""
        written: dict[str, Any] = json.loads(self.settings.paths.instance_file.read_text())
        return written


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallStack]:
    """Return a small stack that is not started; it is stopped afterwards."""
    stack = SmallStack(Settings(StatePaths(tmp_path / "state"), offset=free_offset(), passed_on=PASSED_ON))
    yield stack
    stack.down()
    assert stack.left() == []
