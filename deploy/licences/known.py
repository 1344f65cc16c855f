"""The known licences, and checks for missing ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

import yaml

from deploy.licences import parts
from deploy.licences.metadata import licence

FOLDER = Path(__file__).parent
PYTHON = FOLDER / "python.yaml"
NOT_OPEN_SOURCE = ("SSPL-1.0", "RSALv2", "not stated")
"""Licences in use here that the Open Source Initiative has not approved."""
NETWORK_COPYLEFT = ("AGPL-3.0-only",)


@dataclass(frozen=True)
class Known:
    """Licences by name for each kind of part. ``linked``: counts of the licences of a Go program's modules."""

    go: Mapping[str, str]
    linked: Mapping[str, Mapping[str, int]]
    debian: Mapping[str, str]
    wheels: Mapping[str, str]
    images: Mapping[str, str]
    packaged: Mapping[str, str]
    jars: Mapping[str, str]
    python: Mapping[str, str]

    @classmethod
    def read(cls) -> Known:
        """Read the committed files."""
        content: dict[str, Any] = yaml.safe_load((FOLDER / "known.yaml").read_text())
        return cls(**content, python=yaml.safe_load(PYTHON.read_text()) if PYTHON.exists() else {})


def problems(known: Known, installed: Iterable[Distribution] | None = None) -> list[str]:
    """Return the problems that fail ``make check``: missing entries and contradictions of the metadata."""
    wanted: dict[str, tuple[Iterable[str], Mapping[str, str]]] = {
        "go": (parts.go(), known.go),
        "debian": (parts.debian(), known.debian),
        "wheels": (parts.wheel_programs(), known.wheels),
        "images": (parts.images(), known.images),
        "packaged": (parts.PACKAGED, known.packaged),
        "jars": (parts.jars(), known.jars),
    }
    found = [
        f"{name} has no licence: add it to `{kind}` in deploy/licences/known.yaml"
        for kind, (names, licences) in wanted.items()
        for name in names
        if name not in licences
    ]
    locked = {name for lock in parts.LOCKS for name in parts.python(lock)}
    found += [
        f"{name} has no licence: run `make generate`, which reads it from the package"
        for name in sorted(locked - known.python.keys())
    ]
    found += [f"{name} has a licence but is in no lock file" for name in sorted(known.python.keys() - locked)]
    found += [f"{name} has no licence in its package-lock.json" for name, (_, said) in parts.npm().items() if not said]
    for name, said in read_from(distributions() if installed is None else installed).items():
        # Licences that the metadata does not state were looked up manually.
        if said and known.python.get(name, said) != said:
            found.append(
                f"{name} is under {known.python[name]} in deploy/licences/python.yaml, but {said} in its metadata"
            )
    return found


def read_from(installed: Iterable[Distribution]) -> dict[str, str]:
    """Licences by canonical name, from the metadata."""
    return {parts.canonical(one.name): licence(one) for one in installed}
