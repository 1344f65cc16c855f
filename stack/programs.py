"""The servers' programs and where each is found: on the PATH if it is new enough, else in the cache.

How a missing one is obtained: ``obtain.py``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from stack import modules, versions
from stack.errors import ProgramMissing
from stack.wheels import MONGOD

# Debian keeps nginx where the PATH of an ordinary user does not look.
SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/sbin")


@dataclass(frozen=True)
class Program:
    """One server program: what it is called on a PATH, the oldest version that our configuration fits, its source."""

    name: str
    oldest: versions.Version
    source: Literal["apt", "wheel", "go", "path"]
    command: str = ""
    package: str = ""
    ask: tuple[str, ...] = ("--version",)
    expects: str = ""
    optional: bool = False
    """Not needed by every stack: fetched only if requested by name, and only if it has a source."""

    @property
    def on_path(self) -> str:
        """Its file name."""
        return self.command or self.name


def exporter(of: str, oldest: versions.Version, expects: str) -> Program:
    """An exporter as Debian calls it; its package has the same name."""
    name = f"prometheus-{of}-exporter"
    return Program(f"{of}-exporter", oldest, "apt", command=name, package=name, expects=expects)


PROGRAMS: Mapping[str, Program] = {
    program.name: program
    for program in (
        Program("mongod", (5, 0), "wheel", expects="db version"),
        Program("redis-server", (6, 2), "apt", package="redis-server", expects="redis server"),
        Program("nginx", (1, 18), "apt", package="nginx", ask=("-v",), expects="nginx"),
        # keep_firing_for came with 2.42.
        Program("prometheus", (2, 42), "apt", package="prometheus", expects="prometheus"),
        exporter("redis", (1, 40), "redis metrics exporter"),
        exporter("nginx", (0, 10), "nginx prometheus exporter"),
        exporter("node", (1, 3), "node_exporter"),
        Program("promtool", (2, 42), "apt", package="prometheus", expects="promtool"),
        # url_file came with 0.26; Debian's 0.25 has no page either.
        Program("alertmanager", (0, 27), "go", expects="alertmanager"),
        Program("amtool", (0, 27), "go", expects="amtool"),
        Program("victoria-logs", (1, 52), "go", expects="victoria-logs"),
        # Never fetched or built: used only if this machine has it.
        Program("loki", (3, 4), "path", expects="branch:", optional=True),
        Program("jaeger", (2, 13), "go", expects="jaeger version"),
        # Only the contrib distribution has the parts that our configuration names, by these names since 0.158.
        Program("otelcol", (0, 158), "go", command="otelcol-contrib", expects="version"),
        # For the tests that look at the pages.
        Program("chromium", (110,), "apt", package="chromium", expects="Chromium", optional=True),
    )
}


def find(name: str) -> Path:
    """The program of this name; ProgramMissing, with the remedy, when it is neither on the PATH nor in the cache."""
    if name not in PROGRAMS:
        raise ProgramMissing(f"there is no program called {name}: it is one of {', '.join(sorted(PROGRAMS))}.")
    found = locate(PROGRAMS[name])
    if found is None:
        raise ProgramMissing(f"{name} is not there yet: `python -m stack programs` gets every program that is missing.")
    return found


def locate(program: Program) -> Path | None:
    """Where the program is, or None."""
    return from_path(program) or from_cache(program)


@cache
def from_path(program: Program) -> Path | None:
    """The program on the PATH, if it says that it is the right one and new enough."""
    folders = [*os.environ.get("PATH", "").split(os.pathsep), *SYSTEM_FOLDERS]
    found = shutil.which(program.on_path, path=os.pathsep.join(folders))
    if found is None:
        return None
    version = versions.ask(Path(found), program.ask, program.expects)
    return Path(found) if version and version >= program.oldest else None


def from_cache(program: Program) -> Path | None:
    """The program as we fetched or built it."""
    match program.source:
        case "go":
            kept = modules.making(program.name).home / program.name
        case "wheel":
            kept = MONGOD.program
        case _:
            return None
    return kept if os.access(kept, os.X_OK) else None
