"""Fixture: an instance whose components are not started."""

from __future__ import annotations

from pathlib import Path

import pytest

from stack.instance import Instance
from stack.paths import StatePaths
from stack.port_numbers import Ports
from stack.settings import Settings

PASSED_ON = {"OBSERVABILITY_LOG_LEVEL": "INFO", "OBSERVABILITY_ENVIRONMENT": "local", "OBSERVABILITY_VERSION": "1.2.3"}


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    """An instance in a temporary directory with port offset 100."""
    return Instance(Settings(StatePaths(tmp_path / "state"), offset=100, passed_on=PASSED_ON), Ports(100))
