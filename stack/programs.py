"""The servers' programs and their location: on the PATH if it is new enough, otherwise in the cache.

``obtain.py`` installs missing ones.
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

# Debian installs nginx in a folder that is not on an ordinary user's PATH.
SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/sbin")


@dataclass(frozen=True)
class Program:
    """One server program: its command name, the oldest version that our configuration supports, its source."""

    name: str
    oldest: versions.Version
    source: Literal["apt", "wheel", "go", "path"]
    command: str = ""
    package: str = ""
    ask: tuple[str, ...] = ("--version",)
    expects: str = ""
    optional: bool = False
    """The stack runs without it: fetched only if requested by name, and only if it has a source."""

    @property
    def on_path(self) -> str:
        """Its file name."""
        return self.command or self.name


def exporter(of: str, oldest: versions.Version, expects: str) -> Program:
    """Return an exporter under its name in Debian; its package has the same name."""
    name = f"prometheus-{of}-exporter"
    return Program(f"{of}-exporter", oldest, "apt", command=name, package=name, expects=expects)


PROGRAMS: Mapping[str, Program] = {
    program.name: program
    for program in (
        Program("mongod", (5, 0), "wheel", expects="db version"),
        Program("redis-server", (6, 2), "apt", package="redis-server", expects="redis server"),
        Program("nginx", (1, 18), "apt", package="nginx", ask=("-v",), expects="nginx"),
        # keep_firing_for exists since 2.42.
        Program("prometheus", (2, 42), "apt", package="prometheus", expects="prometheus"),
        exporter("redis", (1, 40), "redis metrics exporter"),
        exporter("nginx", (0, 10), "nginx prometheus exporter"),
        exporter("node", (1, 3), "node_exporter"),
        Program("promtool", (2, 42), "apt", package="prometheus", expects="promtool"),
        # url_file exists since 0.26. Debian's 0.25 also has no web UI.
        Program("alertmanager", (0, 27), "go", expects="alertmanager"),
        Program("amtool", (0, 27), "go", expects="amtool"),
        Program("victoria-logs", (1, 52), "go", expects="victoria-logs"),
        # Never fetched or built: used only if it is installed on this machine.
        Program("loki", (3, 4), "path", expects="branch:", optional=True),
        Program("jaeger", (2, 13), "go", expects="jaeger version"),
        # Only the contrib distribution has the components that our configuration uses, under these names since 0.158.
        Program("otelcol", (0, 158), "go", command="otelcol-contrib", expects="version"),
        # For the page tests.
        Program("chromium", (110,), "apt", package="chromium", expects="Chromium", optional=True),
    )
}


def find(name: str) -> Path:
    """Return the program's path. Raises ProgramMissing, with the remedy, if it is not on the PATH or in the cache."""
    if name not in PROGRAMS:
        raise ProgramMissing(f"there is no program {name}: use one of {', '.join(sorted(PROGRAMS))}.")
    found = locate(PROGRAMS[name])
    if found is None:
        raise ProgramMissing(f"{name} is not installed: `python -m stack programs` installs all missing programs.")
    return found


def locate(program: Program) -> Path | None:
    """Return the program's path, or None."""
    return from_path(program) or from_cache(program)


@cache
def from_path(program: Program) -> Path | None:
    """Return the program on the PATH if its version output shows that it is the right one and new enough."""
    folders = [*os.environ.get("PATH", "").split(os.pathsep), *SYSTEM_FOLDERS]
    found = shutil.which(program.on_path, path=os.pathsep.join(folders))
    if found is None:
        return None
    version = versions.ask(Path(found), program.ask, program.expects)
    return Path(found) if version and version >= program.oldest else None


def from_cache(program: Program) -> Path | None:
    """Return the program that we fetched or built."""
    match program.source:
        case "go":
            kept = modules.making(program.name).home / program.name
        case "wheel":
            kept = MONGOD.program
        case _:
            return None
    return kept if os.access(kept, os.X_OK) else None
