"""Make the virtual environment that everything else runs in; needs nothing but Python's standard library.

    python3 stack/setup.py run|dev|load|peers

prints the environment's directory on stdout, and what it does on stderr. The environment lives outside the
checkout, in ``$XDG_CACHE_HOME/glasshouse/venv/<kind>-<python>-<digest of the lock file>``, so that every checkout with
the same lock shares one; ``.venv`` in the checkout points to it. ``dev`` holds everything that ``run`` holds. ``load``
holds the load generator and the profiler alone: what they bring along stays out of the shop's own processes.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KINDS = ("run", "dev", "load", "peers")
OLDEST_PYTHON = (3, 11)
NEEDED_BYTES = 600 * 1024 * 1024
NO_NETWORK = re.compile(
    r"name resolution|NewConnectionError|ConnectTimeout|Network is unreachable|ProxyError|Read timed out|Retrying \(",
    re.I,
)


class SetupError(Exception):
    """What stopped the set-up, as one sentence with the remedy."""


def say(text: str) -> None:
    """Print to stderr: stdout carries the result."""
    print(text, file=sys.stderr, flush=True)


def cache_home() -> Path:
    """Glasshouse's own folder in the user's cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "glasshouse"


def venv_path(kind: str) -> Path:
    """Where the environment of this kind belongs, for this Python and the lock file as it is now."""
    digest = hashlib.sha256((ROOT / "requirements" / f"{kind}.txt").read_bytes()).hexdigest()[:12]
    return cache_home() / "venv" / f"{kind}-{sys.version_info[0]}.{sys.version_info[1]}-{digest}"


def complete(venv: Path) -> bool:
    """Whether the environment was built to its end and its Python is still there (an upgrade may remove it)."""
    return (venv / ".complete").exists() and (venv / "bin" / "python").exists()


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file lock, so that two checkouts never build one environment at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting: another process is setting up the same Python environment")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def require_ensurepip() -> None:
    """Debian splits ``ensurepip`` off into python3-venv: install it if we may, else say the command."""
    if importlib.util.find_spec("ensurepip"):
        return
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    cure = f"type `sudo apt-get install -y {package}` and try again"
    if not shutil.which("apt-get"):
        raise SetupError(
            "this Python has no `ensurepip`, so no virtual environment can be made: install your system's python3-venv"
        )
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if prefix and (not shutil.which("sudo") or subprocess.run([*prefix, "true"], capture_output=True).returncode):
        raise SetupError(f"this Python has no `ensurepip` and installing it needs root: {cure}")
    say(f"installing {package} (apt-get)")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["install"], ["update"], ["install"]):
        arguments = ["-y", "--no-install-recommends", package] if step == ["install"] else []
        done = subprocess.run(
            [*prefix, "apt-get", "-q", *step, *arguments], capture_output=True, text=True, env=environment
        )
        if step == ["install"] and done.returncode == 0:
            return
    raise SetupError(f"`apt-get install {package}` failed ({last_line(done.stderr)}): {cure}")


def last_line(text: str) -> str:
    """The last line that says something."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no output")


def build(kind: str, venv: Path) -> None:
    """Make the environment in place (environments cannot be moved) and mark it complete at the very end."""
    shutil.rmtree(venv, ignore_errors=True)
    venv.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(venv.parent).free
    if free < NEEDED_BYTES:
        raise SetupError(
            f"{venv.parent} has {free // 2**20} MB free and the Python environment needs {NEEDED_BYTES // 2**20}: "
            "free some space, or set XDG_CACHE_HOME to a larger disk"
        )
    require_ensurepip()
    lock = ROOT / "requirements" / f"{kind}.txt"
    count = sum(1 for line in lock.read_text().splitlines() if "==" in line)
    say(f"setting up Python {sys.version.split()[0]} with {count} packages in {venv} (about half a minute)")
    started = time.monotonic()
    # A fresh process: an ensurepip that apt has just brought is not importable in this one's caches.
    created = subprocess.run([sys.executable, "-m", "venv", str(venv)], capture_output=True, text=True)
    if created.returncode:
        raise SetupError(f"`python3 -m venv` failed: {last_line(created.stdout + created.stderr)}")
    # --no-deps: the lock file is complete, and pip need not work that out again.
    install = [str(venv / "bin" / "python"), "-m", "pip", "install", "-q", "--no-deps", "--require-hashes"]
    options = ["--disable-pip-version-check", "--no-input", "-r", str(lock)]
    done = subprocess.run([*install, *options], capture_output=True, text=True)
    if done.returncode:
        reason(done.stdout + done.stderr)
    (venv / ".complete").touch()
    say(f"Python environment ready ({time.monotonic() - started:.0f} s)")


def reason(output: str) -> None:
    """Turn pip's output into one sentence."""
    if "No space left" in output:
        raise SetupError("the disk is full: free some space, or set XDG_CACHE_HOME to a larger disk")
    if NO_NETWORK.search(output):
        raise SetupError(
            "the Python package index cannot be reached: check the network (PIP_INDEX_URL, HTTPS_PROXY) and try again"
        )
    raise SetupError(f"installing the Python packages failed: {last_line(output)}")


def link(venv: Path) -> None:
    """Point ``.venv`` in the checkout to the environment; a ``dev`` one stays, as does a real directory."""
    shown = ROOT / ".venv"
    target = venv_path("dev") if complete(venv_path("dev")) else venv
    if shown.readlink() == target if shown.is_symlink() else shown.exists():
        return
    # Renamed over, so that a shell that is using `.venv` never sees it missing. A checkout that cannot be written does
    # without it: only people and editors look there.
    with contextlib.suppress(OSError):
        fresh = ROOT / f".venv.{os.getpid()}"
        fresh.symlink_to(target)
        fresh.replace(shown)


def ensure(kind: str) -> Path:
    """The environment of this kind, built if it is not there. A complete ``dev`` one serves for ``run`` too."""
    venv = venv_path(kind)
    if kind == "run" and not complete(venv) and complete(venv_path("dev")):
        venv = venv_path("dev")
    if not complete(venv):
        with locked(venv.with_name(venv.name + ".lock")):
            if not complete(venv):
                build(kind, venv)
    if kind in ("run", "dev"):
        link(venv)
    return venv


def newer_python() -> str | None:
    """A Python on the PATH that is new enough, when this one is not."""
    return next((found for minor in (13, 12, 11) if (found := shutil.which(f"python3.{minor}"))), None)


def main(arguments: list[str]) -> int:
    """Run the command line; 0, or 1 after one sentence on stderr."""
    if len(arguments) != 1 or arguments[0] not in KINDS:
        say("usage: python3 stack/setup.py run|dev|load|peers")
        return 2
    if sys.version_info < OLDEST_PYTHON:
        if found := newer_python():
            os.execv(found, [found, __file__, *arguments])  # noqa: S606  (no shell wanted)
        say(f"glasshouse: Python 3.11 or newer is needed and this is {sys.version.split()[0]}: install python3.11")
        return 1
    try:
        print(ensure(arguments[0]))
    except SetupError as error:
        say(f"glasshouse: {error}")
        return 1
    except OSError as error:
        say(f"glasshouse: no Python environment can be set up in {cache_home()}: {error.strerror} ({error.filename})")
        return 1
    except KeyboardInterrupt:
        say("glasshouse: stopped; what was begun is finished next time")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
