"""Runs tests in another environment and reports the failed ones."""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from collections.abc import Sequence
from pathlib import Path

from stack.paths import ROOT

FOLDERS = ("tests/unit", "tests/integration")
_PASSED, _FAILED = 0, 1


def warning_filters() -> list[str]:
    """pytest's warning filters for newer packages: as in pyproject.toml, but a package may use deprecated functions.

    Such a warning about another package would stop the import of the tests. A warning caused by our own code is still
    an error.
    """
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    ours = "|".join([*configured["mypy"]["packages"], "tests"])
    deprecations = ("DeprecationWarning", "PendingDeprecationWarning")
    filters = list(configured["pytest"]["ini_options"]["filterwarnings"])
    filters += [f"default::{category}" for category in deprecations]
    return filters + [f"error::{category}:({ours})(\\.|$)" for category in deprecations]


class RunFailed(Exception):
    """pytest ended without a result: wrong arguments, no tests, an interrupt or an internal error."""


def failing(venv: Path, tests: Sequence[str] = FOLDERS, arguments: Sequence[str] = ()) -> list[str]:
    """Return the sorted node ids of the tests that fail or cannot be collected in this environment.

    pytest's output goes to this process's output. Raises ``RunFailed``.
    """
    cache = venv / "pytest-cache"
    last_failed = cache / "v" / "cache" / "lastfailed"
    last_failed.unlink(missing_ok=True)
    options = ["-q", "-o", f"cache_dir={cache}", "-o", "filterwarnings=" + "\n".join(warning_filters())]
    command = [str(venv / "bin" / "python"), "-m", "pytest", *options, *arguments, *tests]
    path = f"{venv / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    code = subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path, "VIRTUAL_ENV": str(venv)}).returncode
    found = sorted(json.loads(last_failed.read_text())) if last_failed.exists() else []
    # A collection error ends pytest with status 2, like an interrupt, but only the error is recorded.
    if code == _PASSED or found:
        return found
    raise RunFailed(
        f"pytest ended with {code} and reported no failed test: see its output; PACKAGE= upgrades only one package"
    )
