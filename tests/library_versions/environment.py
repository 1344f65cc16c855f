"""A virtual environment for each combination, in the cache, and the library's wheel in it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.licences.parts import canonical
from stack.paths import ROOT, cache_home
from tests.library_versions.combinations import Combination
from tests.newest.environment import SetupFailed
from tests.newest.versions import pinned

LIBRARY = ROOT / "observability"
NAME = "glasshouse-observability"
_LIMIT_SECONDS = 900


def wheel(folder: Path) -> Path:
    """Build the library's wheel into ``folder``. Raises ``SetupFailed``."""
    _uv("build", "--quiet", "--wheel", "--no-build-isolation", "--python", sys.executable, "--out-dir", folder, LIBRARY)
    (built,) = folder.glob("*.whl")
    return built


@contextmanager
def environment(combination: Combination, python: Path, version: str, built: Path) -> Iterator[Path]:
    """Return the interpreter of an environment with exactly this combination and the wheel.

    The packages are installed once; the wheel is installed each time. A lock keeps other runs out of the environment.

    Args:
        combination: the versions.
        python: the interpreter, of Python ``version``.
        version: ``3.11``.
        built: the wheel.

    Raises:
        SetupFailed: a package cannot be installed, or has another version than the combination.
    """
    digest = hashlib.sha256(combination.file.read_bytes() + str(python).encode()).hexdigest()[:12]
    venv = cache_home() / "venv" / f"library-{combination.name}-{version}-{digest}"
    venv.parent.mkdir(parents=True, exist_ok=True)
    with venv.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        own = venv / "bin" / "python"
        options = ("--quiet", "--python", own, "--only-binary", ":all:")
        if not (venv / ".complete").exists():
            _uv("venv", "--quiet", "--clear", "--python", python, venv)
            _uv("pip", "install", *options, "-r", combination.file)
            (venv / ".complete").touch()
        # A wheel of the same version has other content after each change.
        what = f"{NAME}[test] @ {built.as_uri()}"
        _uv("pip", "install", *options, "--reinstall-package", NAME, "-c", combination.file, what)
        _verify(combination, own)
        yield own


def resolve(combination: Combination) -> None:
    """Write the exact versions again: the newest that the versions chosen by hand admit. Raises ``SetupFailed``."""
    with tempfile.TemporaryDirectory() as folder:
        lock = Path(folder) / "lock.txt"
        options = ("--quiet", "--no-header", "--no-annotate", "--python-version", "3.11", "--only-binary", ":all:")
        inputs = ("--extra", "test", LIBRARY / "pyproject.toml", combination.wanted)
        _uv("pip", "compile", *options, *inputs, "-o", lock)
        combination.file.write_text(lock.read_text())


def _verify(combination: Combination, python: Path) -> None:
    listed = pinned(_uv("pip", "freeze", "--python", python))
    wanted = combination.versions()
    different = [
        f"{name} {version} instead of {wanted.get(name, 'none')}"
        for name, version in listed.items()
        if name != canonical(NAME) and wanted.get(name) != version
    ]
    if different:
        raise SetupFailed(f"the environment of {combination.name} has {', '.join(different)}: run with --resolve")


def _uv(*arguments: str | Path) -> str:
    """Run uv and return its output. Raises ``SetupFailed``."""
    uv = Path(sys.executable).with_name("uv")
    env = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    done = subprocess.run([uv, *arguments], cwd=ROOT, env=env, capture_output=True, text=True, timeout=_LIMIT_SECONDS)
    if done.returncode:
        raise SetupFailed(done.stderr.strip())
    return done.stdout
