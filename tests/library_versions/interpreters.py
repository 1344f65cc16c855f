"""The Python interpreters of this machine, and a script that obtains missing ones."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from stack.paths import cache_home

SCRIPT = Path(__file__).with_name("get_python.sh")
_LIMIT_SECONDS = 1200
_VERSION = "import sys, ssl, ctypes; print('%d.%d' % sys.version_info[:2])"


class NotAvailable(Exception):
    """This Python is not on this machine and could not be obtained; the message has the reason."""


def find(version: str) -> Path:
    """Return an interpreter of this version (``3.13``), which is obtained if this machine has none.

    Raises:
        NotAvailable: it could not be obtained.
    """
    for candidate in _candidates(version):
        if _works(candidate, version):
            return candidate
    return _obtain(version)


def _candidates(version: str) -> Iterator[Path]:
    name = f"python{version}"
    if f"{sys.version_info[0]}.{sys.version_info[1]}" == version:
        yield Path(sys.executable)
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    homes = [
        Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions",
        Path("/opt/hostedtoolcache/Python"),
    ]
    # The newest patch release is the last by name, except that 3.12.10 comes before 3.12.9: either one is good enough.
    installed = [path / "bin" for home in homes for path in sorted(home.glob(f"{version}.*"), reverse=True)]
    installed += [path / "x64" / "bin" for path in sorted(homes[1].glob(f"{version}.*"), reverse=True)]
    for folder in [*folders, *installed, _folder(version) / "usr" / "bin"]:
        if (folder / name).exists():
            yield folder / name


def _works(python: Path, version: str) -> bool:
    """Return whether it starts and has the modules that need libraries; a shim of pyenv may not."""
    try:
        ran = subprocess.run([python, "-c", _VERSION], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ran.stdout.strip() == version


def _folder(version: str) -> Path:
    return cache_home() / "python" / version


def _obtain(version: str) -> Path:
    bash = shutil.which("bash")
    if bash is None:
        raise NotAvailable("bash is not installed")
    print(f"Python {version} is not on this machine: obtaining it", flush=True)
    command = [bash, str(SCRIPT), version, str(_folder(version))]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        raise NotAvailable(f"{SCRIPT.name} did not end within {_LIMIT_SECONDS} s") from None
    python = _folder(version) / "usr" / "bin" / f"python{version}"
    if ran.returncode or not _works(python, version):
        lines = ran.stderr.strip().splitlines() or [f"{SCRIPT.name} ended with {ran.returncode}"]
        raise NotAvailable(lines[-1])
    return python
