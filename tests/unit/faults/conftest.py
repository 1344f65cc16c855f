"""Fixtures: a flag file, a clock, a switchboard and watchers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from faults.switchboard import Switchboard
from faults.watch import Faults


@dataclass
class Clock:
    """A clock that tests advance; it is never behind flagd's own clock, which cannot be stopped."""

    now: float

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "faults" / "flags.json"


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def switchboard(path: Path, registry: CollectorRegistry) -> Switchboard:
    return Switchboard(path, registry)


@pytest.fixture
def watch(path: Path) -> Callable[..., Faults]:
    """Return a factory of watchers: ``watch(instance="api-2")``."""

    def make(service: str = "api", instance: str = "api-1", **options: Callable[[], float]) -> Faults:
        return Faults(path, service, instance, **options)

    return make
