"""docs/library/README.md and docs/library/collecting.md are correct."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from stack import programs

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "adopt"
START, COLLECTING = ((ROOT / "docs" / "library" / name).read_text() for name in ("README.md", "collecting.md"))


@pytest.mark.parametrize("page", ["README.md", "observability/README.md"])
def test_a_readme_shows_the_eight_lines(page: str) -> None:
    """Each line of code in a README's example is a line of the example that is tested."""
    (block,) = re.findall(r"^```python\n(.*?)^```$", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)
    shown = [line for line in block.splitlines() if not line.startswith("#")]
    code = [line for file in EXAMPLE.glob("*.py") for line in file.read_text().splitlines()]
    assert [line for line in shown if line not in code] == []
    assert len(shown) == 8


@pytest.mark.parametrize("file", sorted(path.name for path in EXAMPLE.iterdir() if path.is_file()))
def test_the_page_shows_the_example_that_is_tested(file: str) -> None:
    """Each file of the example appears on a page verbatim."""
    blocks = re.findall(r"^```\w+\n(.*?)^```$", START + COLLECTING, re.MULTILINE | re.DOTALL)
    assert (EXAMPLE / file).read_text() in blocks


def test_eight_lines_adopt() -> None:
    """The example contains the stated number of lines that use the package."""
    marks = r"observability|Telemetry|instrument_|json_logs"
    code = [line for file in EXAMPLE.glob("*.py") for line in file.read_text().splitlines()]
    assert len([line for line in code if re.search(marks, line)]) == 8


def _imports(*files: Path) -> Iterator[str]:
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module


def test_the_extras_are_those_that_the_example_imports() -> None:
    """The requirement has the current version, and its extras install each package that the example imports."""
    requirement = Requirement((EXAMPLE / "requirements.txt").read_text().strip())
    library = importlib.metadata.distribution("glasshouse-observability")
    assert str(requirement.specifier) == f"=={library.version}"
    needed = [Requirement(text) for text in library.requires or ()]
    installed = {
        one.name
        for one in needed
        for extra in requirement.extras
        if one.marker is None or one.marker.evaluate({"extra": extra})
    }
    imported = {module.split(".")[0] for module in _imports(*EXAMPLE.glob("*.py"))} - sys.stdlib_module_names
    assert imported == {"flask", "glasshouse_observability", "redis", "rq"}
    assert {"gunicorn", *imported} - {"glasshouse_observability"} <= installed


def test_the_snippets_are_what_the_servers_take() -> None:
    """The snippets pass the checks of Prometheus and the Collector."""
    for name, *arguments in (
        ("promtool", "check", "config", str(EXAMPLE / "prometheus.yml")),
        ("otelcol", "validate", "--config", str(EXAMPLE / "collector.yaml")),
    ):
        run = subprocess.run([programs.find(name), *arguments], capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr


def test_what_works_at_once_is_there() -> None:
    """The alerts, SLOs and dashboards that the page names exist."""
    section = COLLECTING.split("## Dashboards and alerts")[1]
    rules = [yaml.safe_load(file.read_text()) for file in (ROOT / "alerts" / "rules").glob("*.yml")]
    alerts = {r["alert"] for file in rules for group in file["groups"] for r in group["rules"] if "alert" in r}
    named = set(re.findall(r"`([A-Z][A-Za-z]+)`", section))
    assert len(named) > 5
    assert named <= alerts
    slos = {s["name"] for d in yaml.safe_load_all((ROOT / "alerts" / "slos.yaml").read_text()) for s in d["slos"]}
    assert set(re.findall(r"`(api-\w+)`", section)) <= slos
    for file in re.findall(r"`(?:grafana/dashboards/)?([\w-]+\.json)`", section):
        assert (ROOT / "grafana" / "dashboards" / file).is_file()
