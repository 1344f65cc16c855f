"""Helpers that read docker-compose.yml for the tests."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
VERSIONS = dict(re.findall(r"^(\w+)=(.*)$", (ROOT / ".env").read_text(), re.MULTILINE))
UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}


def size(text: str) -> int:
    """Return a size such as `192M` in bytes."""
    found = re.fullmatch(r"(\d+)([KMG]?)", text)
    assert found, text
    return int(found[1]) * UNITS[found[2]]


def filled(text: str, values: dict[str, str]) -> str:
    """Return the text with `${NAME…}` replaced as Compose does; a missing required variable raises KeyError."""

    def value(found: re.Match[str]) -> str:
        name, operator, rest = found[1], found[2], found[3]
        return values.get(name) or (rest if operator == ":-" else values[name])

    return re.sub(r"\$\{(\w+)(?:(:-|:\?)([^}]*))?\}", value, text)


def bind_mounts(service: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return (source in the repository, target, mode) of each mounted file or folder."""
    found = []
    for volume in service.get("volumes", []):
        source, target, *mode = volume.split(":")
        if source.startswith("."):
            found.append((source, target, mode[0] if mode else "rw"))
    return found


def needed(name: str) -> set[str]:
    """The services that are started before this one."""
    direct = set(SERVICES[name].get("depends_on", {}))
    return direct.union(*(needed(one) for one in direct))
