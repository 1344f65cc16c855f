"""The pinned Go modules of ``stack/modules/``: the servers that are built, their sources and the build order."""

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
    """One entry of modules.yaml. ``builds`` contains pairs of a Go package and the name of its program."""

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
        """The folder of its programs."""
        return program_home(self.name, self.version)

    @property
    def log(self) -> Path:
        """The log file of its build."""
        return cache_home() / "logs" / f"{self.name}-{self.version}.log"

    def built(self) -> bool:
        """Return whether all its programs exist."""
        return all((self.home / output).exists() for _, output in self.builds)


def program_home(name: str, version: str) -> Path:
    """Return the cache folder of one version of a program."""
    return cache_home() / "programs" / f"{name}-{version}"


@cache
def load() -> tuple[Module, ...]:
    """Return all modules in build order: those that ``make follow`` needs are first."""
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
    """Return the module that builds the program with this name."""
    return next(module for module in load() if output in (built for _, built in module.builds))
