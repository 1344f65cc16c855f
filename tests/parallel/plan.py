"""The parts of the test run and their order on two cores.

Parts that mostly wait start early: the windows of the objectives and the drills take minutes on any machine, on
separate instances. The tests that need the CPU run in parallel, quick ones first, because they find most errors. Drills
wait until those are done: on a busy machine, databases are slow and tickets fire.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from stack import programs
from tests.parallel.part import Part

WAITING = ("slo", "drills")
"""Modules of tests/e2e that start separate instances."""
COMPOSE_SECONDS = 1800.0


def parts(folder: Path) -> list[Part]:
    """Return all parts in start order; pytest's results go to ``folder``."""

    def pytest(name: str, *arguments: str) -> tuple[str, ...]:
        results = ("--junitxml", str(folder / name / "junit.xml"), "--override-ini", "junit_family=xunit1")
        return (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *results, *arguments)

    others = tuple(f"--ignore=tests/e2e/test_{name}.py" for name in WAITING)
    compose_env = {"COMPOSE_TESTS": "1"}
    compose_seconds = float(os.environ.get("COMPOSE_SECONDS", COMPOSE_SECONDS))
    return [
        Part("check", ("make", "check")),
        Part("slo", pytest("slo", "tests/e2e/test_slo.py"), after=("check",)),
        Part("unit", pytest("unit", "tests/unit"), after=("check",)),
        Part("rules", pytest("rules", "tests/rules"), after=("check",)),
        Part("library", pytest("library", "observability/tests"), after=("rules",), env=library_env()),
        Part("e2e", pytest("e2e", "tests/e2e", *others), after=("unit",)),
        Part("integration", pytest("integration", "tests/integration"), after=("unit", "rules")),
        Part("drills", pytest("drills", "tests/e2e/test_drills.py"), after=("slo", "integration", "library")),
        Part(
            "compose",
            pytest("compose", "-s", "tests/compose"),
            ("integration",),
            compose_env,
            compose_seconds,
            # Root may be unable to start an engine, for example in a container. COMPOSE=1 requires one.
            may_be_skipped=os.environ.get("COMPOSE", "") != "1",
        ),
    ]


def library_env() -> dict[str, str]:
    """Return the variables that name the servers for the library's tests, which use nothing of this repository."""
    servers = {"MONGOD": "mongod", "REDIS_SERVER": "redis-server"}
    found = {variable: programs.locate(programs.PROGRAMS[name]) for variable, name in servers.items()}
    return {variable: str(path) for variable, path in found.items() if path is not None}


NAMES = tuple(part.name for part in parts(Path()))
BY_DEFAULT = tuple(name for name in NAMES if name not in ("check", "compose"))


def chosen(names: Sequence[str], folder: Path) -> list[Part]:
    """Return the named parts, without dependencies on other parts."""
    wanted = set(names or BY_DEFAULT)
    return [
        replace(one, after=tuple(name for name in one.after if name in wanted))
        for one in parts(folder)
        if one.name in wanted
    ]
