"""Create the virtual environment that everything else runs in. Needs only Python's standard library.

    python3 stack/setup.py run|dev|load|peers

prints the environment's directory to stdout and its progress to stderr. The packages live outside the checkout, in
``$XDG_CACHE_HOME/glasshouse/venv/<kind>-<python>-<digest of the lock file>``, so that every checkout with the same lock
shares them. Each checkout has its own small environment on top of them, in ``glasshouse/checkout/``, in which its
copy of the library (``observability/``) is installed in editable mode; ``.venv`` in the checkout points to it. ``dev``
contains everything in ``run``. ``load`` contains only the load generator and the profiler, so that their dependencies
stay out of the shop's processes.
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
from collections.abc import Callable, Iterator
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
    """An error of the set-up: one sentence with the remedy."""


def say(text: str) -> None:
    """Print to stderr, because stdout is for the result."""
    print(text, file=sys.stderr, flush=True)


def cache_home() -> Path:
    """Return Glasshouse's folder in the user's cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "glasshouse"


def venv_path(kind: str) -> Path:
    """Return the path of the packages of this kind, for this Python and the current lock file."""
    digest = hashlib.sha256((ROOT / "requirements" / f"{kind}.txt").read_bytes()).hexdigest()[:12]
    return cache_home() / "venv" / f"{kind}-{sys.version_info[0]}.{sys.version_info[1]}-{digest}"


def checkout_path(packages: Path) -> Path:
    """Return the path of this checkout's environment on top of ``packages``.

    It is another one after a change of the library's metadata, such as its entry points, because these are copied when
    the library is installed.
    """
    digest = hashlib.sha256(f"{ROOT}\n".encode() + (ROOT / "observability" / "pyproject.toml").read_bytes())
    return cache_home() / "checkout" / f"{packages.name}-{digest.hexdigest()[:12]}"


def complete(venv: Path) -> bool:
    """Return whether the environment is completely built and its Python still exists (an upgrade may remove it)."""
    return (venv / ".complete").exists() and (venv / "bin" / "python").exists()


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file lock, so that two checkouts never build the same environment at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting: another process is setting up the same Python environment")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def require_ensurepip() -> None:
    """Install python3-venv, in which Debian ships ``ensurepip``, or raise an error with the command to run."""
    if importlib.util.find_spec("ensurepip"):
        return
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    cure = f"run `sudo apt-get install -y {package}` and try again"
    if not shutil.which("apt-get"):
        raise SetupError(
            "this Python has no `ensurepip`, which virtual environments need: install your system's python3-venv"
        )
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if prefix and (not shutil.which("sudo") or subprocess.run([*prefix, "true"], capture_output=True).returncode):
        raise SetupError(f"this Python has no `ensurepip` and the installation needs root: {cure}")
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
    """Return the last line that is not empty."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no output")


def build(kind: str, venv: Path) -> None:
    """Create the environment in its final place (environments cannot be moved) and finally mark it as complete."""
    shutil.rmtree(venv, ignore_errors=True)
    venv.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(venv.parent).free
    if free < NEEDED_BYTES:
        raise SetupError(
            f"{venv.parent} has {free // 2**20} MB free, but the Python environment needs {NEEDED_BYTES // 2**20} MB: "
            "free some space, or set XDG_CACHE_HOME to a larger disk"
        )
    require_ensurepip()
    lock = ROOT / "requirements" / f"{kind}.txt"
    count = sum(1 for line in lock.read_text().splitlines() if "==" in line)
    say(f"setting up Python {sys.version.split()[0]} with {count} packages in {venv} (about half a minute)")
    started = time.monotonic()
    # A new process: an ensurepip that apt has just installed is not in this process's import caches.
    created = subprocess.run([sys.executable, "-m", "venv", str(venv)], capture_output=True, text=True)
    if created.returncode:
        raise SetupError(f"`python3 -m venv` failed: {last_line(created.stdout + created.stderr)}")
    # --no-deps: the lock file is complete, so pip does not need to resolve dependencies.
    install = [str(venv / "bin" / "python"), "-m", "pip", "install", "-q", "--no-deps", "--require-hashes"]
    options = ["--disable-pip-version-check", "--no-input", "-r", str(lock)]
    done = subprocess.run([*install, *options], capture_output=True, text=True)
    if done.returncode:
        reason(done.stdout + done.stderr)
    (venv / ".complete").touch()
    say(f"Python environment ready ({time.monotonic() - started:.0f} s)")


def reason(output: str) -> None:
    """Raise a SetupError that explains pip's output in one sentence."""
    if "No space left" in output:
        raise SetupError("the disk is full: free some space, or set XDG_CACHE_HOME to a larger disk")
    if NO_NETWORK.search(output):
        raise SetupError(
            "the Python package index cannot be reached: check the network (PIP_INDEX_URL, HTTPS_PROXY) and try again"
        )
    raise SetupError(f"installing the Python packages failed: {last_line(output)}")


def install_library(packages: Path, venv: Path) -> None:
    """Create ``venv``: the environment ``packages`` with this checkout's library installed in editable mode.

    Two checkouts that share their packages have different copies of the library, so it cannot be installed there.
    """
    shutil.rmtree(venv, ignore_errors=True)
    python = str(packages / "bin" / "python")
    created = subprocess.run([python, "-m", "venv", "--without-pip", str(venv)], capture_output=True, text=True)
    if created.returncode:
        raise SetupError(f"`python3 -m venv` failed: {last_line(created.stdout + created.stderr)}")
    (own,), (shared,) = ((path / "lib").glob("python3.*/site-packages") for path in (venv, packages))
    (own / "_packages.pth").write_text(f"import site; site.addsitedir({str(shared)!r})\n")
    pip = [python, "-m", "pip", "--python", str(venv / "bin" / "python"), "--disable-pip-version-check"]
    install = [*pip, "install", "-q", "--no-deps", "--no-index", "--no-build-isolation", "--editable"]
    done = subprocess.run([*install, str(ROOT / "observability")], capture_output=True, text=True)
    if done.returncode:
        reason(done.stdout + done.stderr)
    copy_commands(packages / "bin", venv / "bin")
    (venv / ".complete").touch()


def copy_commands(shared: Path, own: Path) -> None:
    """Provide the commands of ``shared`` in ``own``: a Python script as a copy that runs there, a program as a link."""
    python = f"#!{shared / 'python'}\n".encode()
    for command in shared.iterdir():
        if command.is_symlink() or (own / command.name).exists():
            continue
        text = command.read_bytes()
        if text.startswith(python):
            (own / command.name).write_bytes(text.replace(python, f"#!{own / 'python'}\n".encode(), 1))
            (own / command.name).chmod(0o755)
        elif not command.name.lower().startswith("activate"):
            (own / command.name).symlink_to(command)


def link(venv: Path) -> None:
    """Link ``.venv`` in the checkout to the environment. A link to a ``dev`` one or a real directory is kept."""
    shown = ROOT / ".venv"
    dev = checkout_path(venv_path("dev"))
    target = dev if complete(dev) else venv
    if shown.readlink() == target if shown.is_symlink() else shown.exists():
        return
    # Renamed over the old link, so that a shell that uses `.venv` never finds it missing. A read-only checkout has no
    # link, because only users and editors need it.
    with contextlib.suppress(OSError):
        fresh = ROOT / f".venv.{os.getpid()}"
        fresh.symlink_to(target)
        fresh.replace(shown)


def ensure(kind: str) -> Path:
    """Return the environment of this kind, building it if missing. A complete ``dev`` one is also used for ``run``."""
    packages = venv_path(kind)
    if kind == "run" and not complete(packages) and complete(venv_path("dev")):
        packages = venv_path("dev")
    build_once(packages, lambda: build(kind, packages))
    venv = checkout_path(packages)
    build_once(venv, lambda: install_library(packages, venv))
    if kind in ("run", "dev"):
        link(venv)
    return venv


def build_once(venv: Path, create: Callable[[], None]) -> None:
    """Create an environment if it is not complete, under a lock."""
    if not complete(venv):
        with locked(venv.with_name(venv.name + ".lock")):
            if not complete(venv):
                create()


def newer_python() -> str | None:
    """Return a Python on the PATH that is new enough, if the current one is not."""
    return next((found for minor in (13, 12, 11) if (found := shutil.which(f"python3.{minor}"))), None)


def main(arguments: list[str]) -> int:
    """Run the command line. Returns 0, or 1 after printing one sentence to stderr."""
    if len(arguments) != 1 or arguments[0] not in KINDS:
        say("usage: python3 stack/setup.py run|dev|load|peers")
        return 2
    if sys.version_info < OLDEST_PYTHON:
        if found := newer_python():
            os.execv(found, [found, __file__, *arguments])  # noqa: S606  (runs without a shell)
        say(f"glasshouse: Python 3.11 or newer is required, this is {sys.version.split()[0]}: install python3.11")
        return 1
    try:
        print(ensure(arguments[0]))
    except SetupError as error:
        say(f"glasshouse: {error}")
        return 1
    except OSError as error:
        say(f"glasshouse: cannot set up the Python environment in {cache_home()}: {error.strerror} ({error.filename})")
        return 1
    except KeyboardInterrupt:
        say("glasshouse: stopped; the next run continues the setup")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
