"""Every service accepts the environment that the launcher and Compose give it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploy.compose.passwords.__main__ import generate
from deploy.compose.passwords.catalogue import ALL
from deploy.settings_docs.services import SERVICES, Service
from glasshouse_observability.settings import Reader
from stack import secrets
from stack.instance import Instance
from stack.inventory import all_components
from stack.paths import StatePaths
from stack.port_numbers import Ports
from stack.settings import Settings, read
from tests.unit.compose.files import SERVICES as COMPOSED
from tests.unit.compose.files import filled

BY_NAME = {service.name: service for service in SERVICES if service.name}
# Folders that exist in the image or on a volume.
IN_THE_IMAGE = ("LOG_DIR", "TARGETS_DIR")


def complaints(service: Service, env: dict[str, str]) -> list[str]:
    """Return the problems and warnings of a start with this environment."""
    reader = Reader(env, OTEL_SERVICE_NAME=service.name)
    service.read(reader)
    return [*map(str, reader.problems), *reader.warnings()]


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    """An instance with its own state directory."""
    paths = StatePaths(tmp_path)
    secrets.make(paths)
    return Instance(Settings(paths, passed_on=read({}).passed_on), Ports(100))


def test_the_launchers_environments_are_accepted(instance: Instance) -> None:
    """Every service accepts the launcher's environment without a warning."""
    seen = set()
    for component in all_components(instance):
        name = component.environment.get("OTEL_SERVICE_NAME", "")
        if name in BY_NAME:
            seen.add(name)
            assert complaints(BY_NAME[name], dict(component.environment)) == []
    assert seen == {"api", "worker", "sweeper", "payments", "console", "log-gateway", "traffic"}


def test_composes_environments_are_accepted(tmp_path: Path) -> None:
    """Every service accepts Compose's environment, with the passwords that the service `passwords` generates."""
    for password in ALL:
        (tmp_path / password.folder).mkdir()
    generate(tmp_path, {})
    seen = set()
    for composed in COMPOSED.values():
        given = composed.get("environment", {})
        if isinstance(given, dict) and given.get("OTEL_SERVICE_NAME") in BY_NAME:
            env = {
                name: filled(re.sub(r"\$\{\w+-([^}]*)\}", r"\1", str(text)), {}).replace("/run/secrets", str(tmp_path))
                for name, text in given.items()
            }
            env |= {name: str(tmp_path) for name in IN_THE_IMAGE if name in env}
            service = BY_NAME[given["OTEL_SERVICE_NAME"]]
            seen.add(service.name)
            assert complaints(service, env) == []
    assert seen == {"api", "worker", "sweeper", "payments", "console", "traffic", "target-discovery", "mongo-lag"}
