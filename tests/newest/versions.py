"""Locked and newer versions, and the packages that are upgraded together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from deploy.licences.parts import canonical

_PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^]]*\])?(?:==([^\s;\\]+)| @ (\S+))", re.MULTILINE)

MAIN_BRANCHES: Mapping[str, str] = {
    "flask": "https://github.com/pallets/flask@main",
    "werkzeug": "https://github.com/pallets/werkzeug@main",
    "rq": "https://github.com/rq/rq@master",
    "redis": "https://github.com/redis/redis-py@master",
    "pymongo": "https://github.com/mongodb/mongo-python-driver@master",
    "prometheus-client": "https://github.com/prometheus/client_python@master",
    "gunicorn": "https://github.com/benoitc/gunicorn@master",
}
"""The repository and branch of a package's next version."""
OPENTELEMETRY = "opentelemetry"
"""One release of many packages that require each other's exact versions: pre-releases are used, not branches."""
WATCHED = (*MAIN_BRANCHES, OPENTELEMETRY)
"""The packages whose internals this project uses most. The report always lists them, changed or not."""


@dataclass(frozen=True, slots=True)
class Change:
    """One package: its locked version ("" if it is not locked) and its newer one ("" if it is no longer needed)."""

    name: str
    locked: str
    newest: str


def pinned(lock: str) -> dict[str, str]:
    """Return the versions in a lock file by canonical name; the address for a package from a repository."""
    return {canonical(name): version or address for name, version, address in _PINNED.findall(lock)}


def changes(locked: Mapping[str, str], newest: Mapping[str, str]) -> list[Change]:
    """Return every package whose version differs, by name."""
    names = sorted(locked.keys() | newest.keys())
    found = (Change(name, locked.get(name, ""), newest.get(name, "")) for name in names)
    return [change for change in found if change.locked != change.newest]


def group(name: str) -> str:
    """Return the group of a package: OpenTelemetry's packages together, pydantic with its core, others alone."""
    if name.startswith(OPENTELEMETRY):
        return OPENTELEMETRY
    return "pydantic" if name == "pydantic-core" else name


def members(name: str, packages: Iterable[str]) -> list[str]:
    """Return the packages that belong to this group."""
    return sorted(package for package in packages if group(package) == name)
