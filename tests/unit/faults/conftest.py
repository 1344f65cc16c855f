"""A flag file, a clock, and what watches and switches on them."""

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
    """Seconds that pass on request; flagd's own clock, which goes on by itself, is never ahead of it."""

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
    """Makes what a process has: ``watch(instance="api-2")``."""

    def make(service: str = "api", instance: str = "api-1", **options: Callable[[], float]) -> Faults:
        return Faults(path, service, instance, **options)

    return make
