"""Resolution of newer versions and their installation into a separate environment, both with uv."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from stack.paths import ROOT, cache_home
from tests.newest.versions import MAIN_BRANCHES

LOCK = ROOT / "requirements" / "dev.txt"
_INPUTS = ("run.in", "dev.in")
_LIMIT_SECONDS = 900


class SetupFailed(Exception):
    """The versions do not fit together, cannot be built, or the package index cannot be reached; in uv's words."""


def resolve(upgrade: Sequence[str] | None, *, pre: bool = False, main: Sequence[str] = ()) -> str:
    """Return a lock file with newer versions of the packages to ``upgrade`` (None: all) and locked versions of others.

    ``pre`` admits pre-releases. ``main`` names packages that are taken from their main branches, without digests.
    Raises ``SetupFailed``.
    """
    with tempfile.TemporaryDirectory() as folder:
        wanted, lock = Path(folder) / "wanted.in", Path(folder) / "lock.txt"
        branches = [f"{name} @ git+{MAIN_BRANCHES[name]}\n" for name in main]
        wanted.write_text("".join([*_wanted(), *branches]))
        # uv prefers the versions in the file that it is going to write.
        lock.write_text(LOCK.read_text())
        options = ["--upgrade"] if upgrade is None else [f"--upgrade-package={name}" for name in upgrade]
        options += ["--prerelease=allow"] if pre else []
        options += [] if main else ["--generate-hashes"]
        python = f"{sys.version_info[0]}.{sys.version_info[1]}"
        _uv("pip", "compile", "--no-header", "--python-version", python, *options, str(wanted), "-o", str(lock))
        return lock.read_text()


def newest_alone(names: Sequence[str], *, pre: bool = False) -> str:
    """Return a lock file with the newest version of each package, regardless of other packages' requirements."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "wanted.in"
        wanted.write_text("\n".join(names))
        options = ["--prerelease=allow"] if pre else []
        return _uv("pip", "compile", "--no-header", "--no-deps", "--no-annotate", *options, str(wanted))


def install(lock: str, home: Path | None = None) -> Path:
    """Return an environment with the versions of this lock file, in ``home`` or cached under the lock's digest.

    Raises ``SetupFailed``.
    """
    home = home or cache_home() / "venv"
    digest = hashlib.sha256(lock.encode()).hexdigest()[:12]
    venv = home / f"newest-{sys.version_info[0]}.{sys.version_info[1]}-{digest}"
    if (venv / ".complete").exists():
        return venv
    file = home / f"{venv.name}.txt"
    home.mkdir(parents=True, exist_ok=True)
    file.write_text(lock)
    _uv("venv", "--quiet", "--clear", "--python", sys.executable, str(venv))
    options = ["--require-hashes"] if "--hash=" in lock else []
    _uv("pip", "sync", "--quiet", "--python", str(venv / "bin" / "python"), *options, str(file))
    file.rename(venv / "lock.txt")
    (venv / ".complete").touch()
    return venv


def _wanted() -> list[str]:
    lines = [line for name in _INPUTS for line in (ROOT / "requirements" / name).read_text().splitlines(keepends=True)]
    # Without references to other files, which would add the locked versions as constraints.
    return [line for line in lines if not re.match(r"-[cr]\s", line)]


def _uv(*arguments: str) -> str:
    """Run uv in the root, where pyproject.toml configures it, and return its output. Raises ``SetupFailed``."""
    uv = Path(sys.executable).with_name("uv")
    done = subprocess.run([uv, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=_LIMIT_SECONDS)
    if done.returncode:
        raise SetupFailed(done.stderr.strip())
    return done.stdout
