"""The wheel and the source distribution, installed into an empty environment.

Packages come from uv's cache, where the project's own environment is installed from; the test needs no network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import flit_core
import pytest

PROJECT = Path(__file__).parents[2]
APPLICATION = """
from flask import Flask
from rq import Queue
from glasshouse_observability import Telemetry, instrument_flask, instrument_rq
from glasshouse_observability.testing import capture

with Telemetry.start("small", logging=False) as telemetry:
    app = Flask("small")
    app.get("/guests/<name>")(lambda name: name)
    instrument_flask(app, telemetry)
    instrument_rq(telemetry)
    with capture(telemetry) as captured:
        assert app.test_client().get("/guests/ada").data == b"ada"
    (line,) = [line for line in captured.lines if line.get("event") == "http.request"]
    assert line["http_route"] == "/guests/<name>", line
    assert [span.name for span in captured.spans] == ["GET /guests/<name>"]
    assert captured.metric("http_server_request_duration_seconds_count", http_route="/guests/<name>") == 1
print("works")
"""
PLUGIN_TEST = """
def test_it(telemetry_capture):
    from glasshouse_observability import Telemetry, TelemetrySettings

    Telemetry(TelemetrySettings(service="x", instance="1")).tracer("t").start_span("s").end()
    assert [span.name for span in telemetry_capture.spans] == ["s"]
"""


def uv(*arguments: str | Path, **env: str) -> None:
    program = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert program, "this test needs uv"
    ran = subprocess.run([program, *arguments], capture_output=True, text=True, env={**os.environ, **env}, check=False)
    assert ran.returncode == 0, ran.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the distributions by their suffix, built from a copy, so that the checkout stays as it is."""
    folder = tmp_path_factory.mktemp("dist")
    copy = folder / "project"
    shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    uv("build", "--quiet", "--offline", "--no-build-isolation", "--python", sys.executable, "--out-dir", folder, copy)
    (wheel,), (source,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return {"whl": wheel, "tar.gz": source}


def test_the_wheel_has_only_the_package(built: dict[str, Path]) -> None:
    """The wheel has the package with ``py.typed``, and its metadata; no tests and no other top-level package."""
    with zipfile.ZipFile(built["whl"]) as wheel:
        names = wheel.namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"glasshouse_observability"}
    assert "glasshouse_observability/py.typed" in names
    assert not [name for name in names if "tests/" in name or name.endswith(".pyc")]


def test_the_source_distribution_can_be_tested(built: dict[str, Path]) -> None:
    """The source distribution has the tests and the changelog."""
    with tarfile.open(built["tar.gz"]) as source:
        names = {name.partition("/")[2] for name in source.getnames()}
    assert {"CHANGELOG.md", "README.md", "pyproject.toml", "tests/unit/test_telemetry.py"} <= names


@pytest.mark.parametrize("kind", ["whl", "tar.gz", "folder"])
def test_it_works_in_an_empty_environment(built: dict[str, Path], kind: str, tmp_path: Path) -> None:
    """Installed with the extras ``flask`` and ``rq`` and nothing else, a small application has all its signals."""
    environment = tmp_path / "venv"
    python = environment / "bin" / "python"
    uv("venv", "--quiet", "--offline", "--python", sys.executable, environment)
    what = PROJECT if kind == "folder" else built[kind]
    # The build backend is the one of this environment, because a download would need a network.
    backend = tmp_path / "backend"
    shutil.copytree(Path(flit_core.__file__).parent, backend / "flit_core")
    options = ("--quiet", "--offline", "--no-build-isolation", "--python", str(python))
    uv("pip", "install", *options, f"{what}[flask,rq]", PYTHONPATH=str(backend))
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    (tmp_path / "app.py").write_text(APPLICATION)
    ran = subprocess.run([python, "app.py"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.returncode) == ("works\n", 0), ran.stderr
    listed = subprocess.run(
        [python, "-c", "import importlib.metadata as m; print(*sorted(d.name.lower() for d in m.distributions()))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not {"pymongo", "gunicorn"} & set(listed)


def test_pytest_finds_the_plugin(built: dict[str, Path], tmp_path: Path) -> None:
    """Installed next to pytest, the fixture is available without any configuration."""
    environment = tmp_path / "venv"
    python = environment / "bin" / "python"
    uv("venv", "--quiet", "--offline", "--python", sys.executable, environment)
    uv("pip", "install", "--quiet", "--offline", "--python", python, built["whl"], "pytest")
    (tmp_path / "test_it.py").write_text(PLUGIN_TEST)
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 passed" in ran.stdout, ran.stdout
