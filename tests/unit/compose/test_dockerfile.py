"""Properties of the image that the Dockerfile shows."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import grimp
import pytest

from tests.unit.compose.files import ROOT, SERVICES, VERSIONS

TEXT = (ROOT / "Dockerfile").read_text()


def test_hadolint_is_content() -> None:
    """hadolint reports no warning for the Dockerfile, and no rule is switched off."""
    program = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("hadolint is not installed in this environment")
    done = subprocess.run([program, "Dockerfile"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
    assert "hadolint ignore" not in TEXT


def test_the_base_is_pinned_and_the_same_as_in_env() -> None:
    """The base image's version is pinned and is the one in .env, which a Dockerfile cannot read."""
    assert f"ARG PYTHON_VERSION={VERSIONS['PYTHON_VERSION']}\n" in TEXT
    assert set(re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE)) == {"python:${PYTHON_VERSION}-slim-bookworm"}


def test_packages_come_from_the_lock_file_with_hashes() -> None:
    """Packages are installed from the lock file with hashes, and parsing the Dockerfile pulls no frontend image."""
    assert "--require-hashes -r /tmp/run.txt" in TEXT
    assert not TEXT.startswith("# syntax")
    assert "apt-get" not in TEXT


def let_in() -> set[str]:
    """Return the paths that .dockerignore lets into the image."""
    return {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}


def started() -> set[str]:
    """Return our modules that the services start, and the commands that run in their containers."""
    found = {"console.follow.__main__", "faults.__main__"}
    for service in SERVICES.values():
        match service.get("command"):
            case ["python", "-m", "gunicorn", *_, application]:
                found.add(application.partition(":")[0])
            case ["python", "-m", module]:
                found.add(f"{module}.__main__" if (ROOT / module.replace(".", "/")).is_dir() else module)
    return found


def test_what_is_copied_is_what_runs() -> None:
    """The image contains no tests and no server configuration, and every copied path exists."""
    assert not {"tests", "stack", ".env.secrets", ".git"} & let_in()
    assert all((ROOT / path).exists() for path in let_in())


def test_what_the_services_import_is_in_the_image() -> None:
    """The image contains every project module that a service starts or imports, with its parent packages."""
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]
    graph = grimp.build_graph(*packages, cache_dir=None)
    assert len(started()) > 10
    imported = started().union(*(graph.find_upstream_modules(module) for module in started()))
    files = set()
    for module in imported:
        path = Path(*module.split("."))
        files |= {folder / "__init__.py" for folder in path.parents if folder.name}
        files.add(path / "__init__.py" if (ROOT / path).is_dir() else path.with_suffix(".py"))
    there = {file for file in files if (ROOT / file).exists()}
    assert len(there) > 200
    missing = {str(file) for file in there if not {str(file), *map(str, file.parents)} & let_in()}
    assert missing == set()
