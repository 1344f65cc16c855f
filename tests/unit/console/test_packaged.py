"""Files of other projects come from installed packages; a missing package is reported with the remedy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from console.web import packaged
from stack.environment import package_folders
from tests.ports import free_ports

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("name", "kind", "beginning"),
    [
        ("uplot.js", "text/javascript", b"/*! https://github.com/leeoniya/uPlot (v1."),
        ("uplot.css", "text/css", b".uplot"),
    ],
)
def test_a_packaged_file_is_served(console: SimpleNamespace, name: str, kind: str, beginning: bytes) -> None:
    """A packaged file is served unchanged, with the caching and security headers of the console's own files."""
    with console.client.get(f"/static/packages/{name}") as answer, console.client.get("/static/css/base.css") as own:
        assert answer.status_code == 200
        assert answer.mimetype == kind
        assert answer.data.startswith(beginning)
        assert answer.data == packaged.located()[name].read_bytes()
        assert answer.headers["Cache-Control"] == own.headers["Cache-Control"]
        assert set(answer.headers.keys()) == set(own.headers.keys())
        etag = answer.headers["ETag"]
    with console.client.get(f"/static/packages/{name}", headers={"If-None-Match": etag}) as answer:
        assert answer.status_code == 304


@pytest.mark.parametrize("name", ["METADATA", "__init__.py", "..%2f__init__.py", "uplot.iife.min.js"])
def test_nothing_else_of_a_package_is_served(console: SimpleNamespace, name: str) -> None:
    """Only the packaged files in the table are served."""
    assert console.client.get(f"/static/packages/{name}").status_code == 404


def test_an_older_version_without_the_file_is_reported() -> None:
    """An installed package without the file is reported as an older version."""
    with pytest.raises(packaged.PackageMissing, match=r"version of flask has no flask/other\.js: run `python3 stack"):
        packaged.located({"other.js": packaged.PackagedFile("flask", "flask/other.js")})


def test_a_console_without_the_package_says_what_to_do(tmp_path: Path) -> None:
    """Without the package the console ends at once with one sentence; all other packages are installed."""
    (tmp_path / "packages").mkdir()
    for folder in package_folders(Path(sys.prefix)):
        for entry in Path(folder).iterdir():
            if not entry.name.startswith("youplot"):
                (tmp_path / "packages" / entry.name).symlink_to(entry)
    port, smtp, metrics = free_ports(3)
    own = {
        "PORT": port,
        "SMTP_PORT": smtp,
        "OBSERVABILITY_METRICS_PORT": metrics,
        "CONSOLE_STATE_DIR": tmp_path / "state",
    }
    environ = {**os.environ, **{name: str(value) for name, value in own.items()}}
    environ["PYTHONPATH"] = f"{tmp_path / 'packages'}:{ROOT / 'observability' / 'src'}"
    # -S leaves out the environment's own site-packages.
    done = subprocess.run(
        [sys.executable, "-S", "-m", "console"], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("console: the Python package youplot, which contains youplot/vendor/uplot.")
    assert "is not installed: run `python3 stack/setup.py run`" in sentence
