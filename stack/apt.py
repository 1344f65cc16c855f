"""Debian packages: installed without starting the services that they contain."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from stack import disk, network, tasks
from stack.errors import BuildFailed, NoNetwork, ProgramMissing
from stack.paths import cache_home
from stack.say import Say, clock

POLICY = Path("/usr/sbin/policy-rc.d")
# Maintainer scripts ask this program whether they may start a service; 101 forbids it.
POLICY_SCRIPT = "#!/bin/sh\n# Glasshouse, while it installs packages; removed afterwards.\nexit 101\n"
LOG = "apt.log"


def install(packages: Sequence[str], say: Say) -> None:
    """Install the packages as root or with passwordless sudo; otherwise raise an error with the command to run."""
    names = " ".join(packages)
    if not shutil.which("apt-get"):
        raise ProgramMissing(
            f"{names} cannot be installed from here (no apt-get): install them with this system's package manager so "
            "that they are on the PATH, then try again."
        )
    root = privileges(names)
    started = time.monotonic()
    say.line(f"  installing {names} (apt-get)")
    before = installed()
    with services_kept_down(root):
        fetch_and_install(packages, root, say, started)
    stop_units(sorted(installed() - before), root)
    say.under_way("")
    say.line(f"  {names} installed ({clock(time.monotonic() - started)})")


def privileges(names: str) -> list[str]:
    """Return the command prefix that runs a command as root."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    raise ProgramMissing(
        f"{names}: not installed, and the installation needs root: run "
        f"`sudo apt-get install -y --no-install-recommends {names}`, then try again."
    )


def fetch_and_install(packages: Sequence[str], root: list[str], say: Say, started: float) -> None:
    """Install. If that fails, refresh the package lists once (a fresh image has none) and install again."""
    log = cache_home() / "logs" / LOG
    command = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=120"]
    names = " ".join(packages)

    def beat() -> None:
        say.under_way(f"  installing {names}: {clock(time.monotonic() - started)}")

    def run(*arguments: str) -> tuple[int, str]:
        # The command finishes even after Ctrl-C, because a half-configured package would block every later
        # installation.
        return tasks.run([*command, *arguments], log, beat, finish=True)

    add = ("install", "-y", "--no-install-recommends", *packages)
    code, output = run(*add)
    if code:
        _, refreshed = run("update")
        code, output = run(*add)
        output = refreshed + output
    if code == 0:
        return
    if network.disk_full(output):
        raise disk.full("/")
    if network.unreachable(output):
        raise NoNetwork(
            f"{names} cannot be installed because the package server is unreachable: check the network, then try again."
        )
    raise BuildFailed(f"`apt-get install {names}` failed (log: {log}):\n{network.last_lines(output)}")


@contextlib.contextmanager
def services_kept_down(root: list[str]) -> Iterator[None]:
    """Prevent maintainer scripts from starting services, unless the machine has its own policy."""
    if POLICY.exists():
        yield
        return
    subprocess.run([*root, "tee", str(POLICY)], input=POLICY_SCRIPT, text=True, stdout=subprocess.DEVNULL, check=False)
    subprocess.run([*root, "chmod", "755", str(POLICY)], check=False)
    try:
        yield
    finally:
        subprocess.run([*root, "rm", "-f", str(POLICY)], check=False)


def installed() -> set[str]:
    """Return the names of the installed packages."""
    query = ["dpkg-query", "-W", "-f", "${binary:Package} ${db:Status-Status}\n"]
    lines = subprocess.run(query, capture_output=True, text=True).stdout.splitlines()
    return {name for name, _, status in (line.partition(" ") for line in lines) if status == "installed"}


def stop_units(packages: Sequence[str], root: list[str]) -> None:
    """Disable the services of newly installed packages. Services that were installed before belong to the user."""
    if not packages or not Path("/run/systemd/system").exists():
        return
    files = subprocess.run(["dpkg", "-L", *packages], capture_output=True, text=True).stdout.splitlines()
    units = sorted(
        {Path(file).name for file in files if "/systemd/system/" in file and file.endswith((".service", ".timer"))}
    )
    # Templates (name@.service) run only as instances, and none exists yet.
    units = [unit for unit in units if "@" not in unit]
    if units:
        subprocess.run([*root, "systemctl", "disable", "--now", *units], capture_output=True, check=False)
