"""The pinned Go modules of ``stack/modules/``: which servers are built, from what, in which order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from stack.paths import ROOT, cache_home
from stack.versions import Version, parse

FOLDER = ROOT / "stack" / "modules"


@dataclass(frozen=True)
class Module:
    """One recipe of modules.yaml. ``builds`` are pairs of a Go package and the program that it becomes."""

    name: str
    version: str
    folder: Path
    builds: tuple[tuple[str, str], ...]
    ldflags: str
    go: Version
    minutes: float
    source: Path | None = None
    """The recipe for adapting a dependency's source first (``gosource``)."""
    unoptimised: tuple[str, ...] = ()
    """Patterns of packages compiled without optimisation: they are linked but never called."""
    cgo: bool = False
    """Whether it contains C code and so requires a C compiler."""

    @property
    def home(self) -> Path:
        """Where its programs are kept once built."""
        return program_home(self.name, self.version)

    @property
    def log(self) -> Path:
        """What its build says."""
        return cache_home() / "logs" / f"{self.name}-{self.version}.log"

    def built(self) -> bool:
        """Whether every program of it is there."""
        return all((self.home / output).exists() for _, output in self.builds)


def program_home(name: str, version: str) -> Path:
    """The cache folder of one version of a program."""
    return cache_home() / "programs" / f"{name}-{version}"


@cache
def load() -> tuple[Module, ...]:
    """All modules in build order: first those that ``make follow`` needs."""
    entries = yaml.safe_load((FOLDER / "modules.yaml").read_text())["modules"]
    return tuple(
        Module(
            name=entry["name"],
            version=str(entry["version"]),
            folder=FOLDER / entry["dir"],
            builds=tuple((build["package"], build["output"]) for build in entry["builds"]),
            ldflags=entry["ldflags"],
            go=parse(str(entry["go"])) or (1, 0),
            minutes=float(entry["minutes"]),
            source=FOLDER / entry["dir"] / entry["source"] if "source" in entry else None,
            unoptimised=tuple(entry.get("unoptimised", ())),
            cgo=bool(entry.get("cgo", False)),
        )
        for entry in entries
    )


def making(output: str) -> Module:
    """The module that builds the program of this name."""
    return next(module for module in load() if output in (built for _, built in module.builds))
