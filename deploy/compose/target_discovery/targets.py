"""Write Prometheus' target files from the names that Docker's name server returns.

prometheus.yml is shared with the native stack and finds its targets in files. A service that may have several replicas
is looked up, and each address gets the name that the replica uses in its logs (``api-1``), from the reverse lookup. All
other services are listed by name whether they run or not, because a service that has stopped must be shown as down and
not disappear.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.compose.start import replica

FORGET_SECONDS = 120.0
"""How long a missing replica is shown as down, because it may have crashed or have been removed by scaling."""

Group = dict[str, Any]


@dataclass(frozen=True)
class Service:
    """One line of services.json. ``optional``: it belongs to a profile, so its absence is not a failure."""

    job: str
    name: str
    port: int
    replicas: bool = False
    optional: bool = False


def services(text: str) -> list[Service]:
    """Return the services that services.json lists."""
    return [Service(**entry) for entry in json.loads(text)]


def addresses(name: str) -> dict[str, str]:
    """Return the container name by address for each replica of a service, or {} if there is none."""
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)}
    except OSError:
        return {}
    return {address: container(address) for address in found}


def container(address: str) -> str:
    """Return the name of the container at this address, or the address itself."""
    try:
        return socket.gethostbyaddr(address)[0]
    except OSError:
        return address


def group(service: Service, host: str, instance: str) -> Group:
    """Return a target in the format of Prometheus' file_sd."""
    return {"targets": [f"{host}:{service.port}"], "labels": {"job": service.job, "instance": instance}}


@dataclass
class Targets:
    """Stores the replicas that were seen recently."""

    services: list[Service]
    look_up: Callable[[str], Mapping[str, str]] = addresses
    seen: dict[tuple[str, str], tuple[str, float]] = field(default_factory=dict)

    def groups(self, now: float) -> list[Group]:
        """Return all targets at this monotonic time."""
        found = []
        for service in self.services:
            if service.replicas:
                found += self.replicas(service, now)
            elif not service.optional or self.look_up(service.name):
                found.append(group(service, service.name, service.name))
        return found

    def replicas(self, service: Service, now: float) -> list[Group]:
        """Return the service's replicas, including missing ones that are still listed."""
        for address, name in self.look_up(service.name).items():
            self.seen[service.name, replica(service.name, name) or f"{service.name}-{address}"] = address, now
        for key in [key for key, (_, last) in self.seen.items() if now - last > FORGET_SECONDS]:
            del self.seen[key]
        return [
            group(service, address, instance)
            for (owner, instance), (address, _) in sorted(self.seen.items())
            if owner == service.name
        ]


def write(file: Path, groups: list[Group]) -> bool:
    """Replace the file in one step if its content changes. Return whether it changed."""
    text = json.dumps(groups, indent=1) + "\n"
    if file.exists() and file.read_text() == text:
        return False
    fresh = file.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(file)
    return True
