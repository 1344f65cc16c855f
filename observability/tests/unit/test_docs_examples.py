"""Every Python example of docs/library is run: here, or by another test, as ``is_elsewhere`` states."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = ROOT / "docs" / "library"
FIXTURE = "telemetry_capture"
EXAMPLE = ROOT / "examples" / "adopt"
RQ_PAGES = Path(__file__).parents[1] / "integration" / "rq" / "test_pages.py"

SEPARATE = ("how-to/mounted-applications.md", "requests.md")
"""Pages whose blocks are alternatives, so that each block that imports the library begins a new process."""


def blocks_of(page: str) -> list[str]:
    """Return the Python blocks of a page."""
    return re.findall(r"^```python\n(.*?)^```$", (PAGES / page).read_text(), re.MULTILINE | re.DOTALL)


def pages() -> list[str]:
    """Return every page that has a Python block."""
    found = [str(path.relative_to(PAGES)) for path in sorted(PAGES.rglob("*.md"))]
    return [page for page in found if "```python" in (PAGES / page).read_text()]


def is_elsewhere(page: str) -> bool:
    """Return whether another test runs the page: ``tests/integration/adopt``, or the one of RQ's pages."""
    return page == "README.md" or page.startswith("rq/")


@pytest.mark.parametrize("page", [page for page in pages() if not is_elsewhere(page)])
def test_the_examples_of_a_page_run(page: str, tmp_path: Path) -> None:
    """The Python blocks of a page run in order; those that use the fixture run in pytest after them."""
    blocks = blocks_of(page)
    plain = [block for block in blocks if FIXTURE not in block]
    programs = ["\n".join(plain)]
    if page in SEPARATE:
        programs = []
        for block in plain:
            if "from glasshouse_observability" in block or not programs:
                programs.append(block)
            else:
                programs[-1] += f"\n{block}"
    for program in programs:
        run([sys.executable, "-c", program], tmp_path)
    if tests := [block for block in blocks if FIXTURE in block]:
        client = "import pytest\n\n@pytest.fixture\ndef client():\n    return app.test_client()\n\n"
        (tmp_path / "test_page.py").write_text("\n".join([*plain, client, *tests]))
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        run([*command, "-p", "glasshouse_observability.testing.plugin", "test_page.py"], tmp_path)


def run(command: list[str], folder: Path) -> None:
    # Without entry points: whether the library is installed here does not matter (``test_distribution`` tests that).
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ran = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert '"level":"ERROR"' not in ran.stdout


@pytest.mark.parametrize("page", pages())
def test_every_example_is_found(page: str) -> None:
    """No Python block is indented or without an end, because it would not be run."""
    assert len(blocks_of(page)) == (PAGES / page).read_text().count("```python")


def test_the_examples_of_the_first_page_are_those_that_run_elsewhere() -> None:
    """Each block is a file of examples/adopt, which ``tests/integration/adopt`` runs."""
    files = [path.read_text() for path in EXAMPLE.glob("*.py")]
    assert len(files) == 3
    assert [block for block in blocks_of("README.md") if block not in files] == []


@pytest.mark.parametrize("page", [page for page in pages() if page.startswith("rq/")])
def test_the_examples_of_rq_are_those_that_run_elsewhere(page: str) -> None:
    """Each block is a file with a name, and the test of RQ's pages writes and runs those of this page."""
    assert f'write("{page.removeprefix("rq/")}"' in RQ_PAGES.read_text()
    assert [block for block in blocks_of(page) if not re.match(r"# [\w./]+\.py\n", block)] == []
