"""pytest in an environment of a combination."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.library_versions.environment import LIBRARY
from tests.parallel.plan import library_env

QUICK = ("tests/integration/test_smoke.py", "tests/unit/test_versions.py")
"""Every integration once, sampled and unsampled."""
WITHOUT = ("tests/unit/monitoring", "tests/integration/monitoring", "tests/integration/test_distribution.py")
"""Tests in which the versions have no part: generated rules are tested with promtool, and the distribution is installed
into separate environments."""


@dataclass(frozen=True)
class Outcome:
    """The numbers of tests, the names of failed ones, and the duration."""

    passed: int
    skipped: int
    failed: tuple[str, ...]
    seconds: float


class RunFailed(Exception):
    """pytest ended without a result."""


def run(python: Path, *, quick: bool, arguments: Sequence[str] = ()) -> Outcome:
    """Run the library's tests, whose output goes to this process's output. Raises ``RunFailed``.

    The working folder has no package of the library, so that the installed wheel is tested.
    """
    tests = QUICK if quick else ("tests", *(f"--ignore={path}" for path in WITHOUT))
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    path = os.pathsep.join([str(python.parent), os.environ.get("PATH", "")])
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="gh-") as folder:
        report = Path(folder) / "junit.xml"
        # Old packages use functions that later versions of other packages and of Python declare deprecated.
        options = ("-q", "-p", "no:cacheprovider", "-o", "filterwarnings=default", "--disable-warnings")
        command = [str(python), "-m", "pytest", *options, f"--junitxml={report}", *tests, *arguments]
        code = subprocess.run(command, cwd=LIBRARY, env={**library_env(), **kept, "PATH": path}).returncode
        if code not in (0, 1) and not (code == 2 and report.exists()):
            raise RunFailed(f"pytest ended with {code} in {python.parent.parent}: see its output")
        return read(report, time.monotonic() - began)


def read(report: Path, seconds: float) -> Outcome:
    """Return the outcome in a file of pytest's ``--junitxml``; the run took ``seconds``."""
    cases = list(ET.parse(report).iter("testcase"))
    failed = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    skipped = sum(case.find("skipped") is not None for case in cases)
    names = tuple(sorted({f"{case.get('classname')}::{case.get('name')}" for case in failed}))
    return Outcome(len(cases) - len(failed) - skipped, skipped, names, seconds)
