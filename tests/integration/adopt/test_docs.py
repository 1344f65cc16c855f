"""docs/how-to/adopt.md is correct."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

from glasshouse_observability import TelemetrySettings
from stack import programs

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "adopt"
PAGE = (ROOT / "docs" / "how-to" / "adopt.md").read_text()
ROW = re.compile(r"^\| `([A-Z_]+)` \| (.*?) \|", re.MULTILINE)


class Asked(dict[str, str]):
    """An environment that records the settings that are read."""

    def __init__(self, **settings: str) -> None:
        super().__init__(settings)
        self.names: set[str] = set()

    def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]
        self.names.add(key)
        return super().get(key, default)


def test_the_readme_shows_the_ten_lines() -> None:
    """Each line of code in the README's example is a line of the example that is tested."""
    (block,) = re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    shown = [line for line in block.splitlines() if not line.startswith("#")]
    code = [line for file in EXAMPLE.glob("*.py") for line in file.read_text().splitlines()]
    assert [line for line in shown if line not in code] == []
    assert len(shown) == 10


@pytest.mark.parametrize("file", sorted(path.name for path in EXAMPLE.iterdir() if path.is_file()))
def test_the_page_shows_the_example_that_is_tested(file: str) -> None:
    """Each file of the example appears on the page verbatim."""
    blocks = re.findall(r"^```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert (EXAMPLE / file).read_text() in blocks


def test_ten_lines_adopt() -> None:
    """The example contains the stated number of lines that use the package."""
    marks = r"observability|Telemetry|enqueue\(|instrument_|json_logs"
    code = [line for file in EXAMPLE.glob("*.py") for line in file.read_text().splitlines()]
    assert len([line for line in code if re.search(marks, line)]) == 10


def test_the_table_of_settings_is_that_of_the_code() -> None:
    """The table lists exactly the settings that are read, with the defaults of the code."""
    asked = Asked()
    bare = TelemetrySettings.from_env(asked, "guestbook")
    table = dict(ROW.findall(PAGE))
    assert set(table) == asked.names
    for name, default in table.items():
        if default.startswith("`"):
            assert TelemetrySettings.from_env({name: default.strip("`")}, "guestbook") == bare, name


def _imports(*files: Path) -> Iterator[str]:
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module


def test_the_packages_are_enough_and_of_the_versions_that_are_tested() -> None:
    """The list of packages contains everything that the example imports, in the versions of the lock file."""
    pins = (EXAMPLE / "requirements.txt").read_text().split()
    locked = (ROOT / "requirements" / "run.txt").read_text()
    assert [pin for pin in pins if not re.search(rf"^{re.escape(pin)}\b", locked, re.MULTILINE)] == []
    program = (
        "import runpy, sys; runpy.run_path('app.py'); runpy.run_path('tasks.py'); runpy.run_path('gunicorn.conf.py')"
    )
    program += "; print(*[m.__file__ for n, m in sys.modules.items() if n.startswith('observability.')], sep='\\n')"
    env = {"REDIS_URL": "redis://127.0.0.1:1/0", "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=EXAMPLE, env=env, capture_output=True, text=True, check=True
    )
    ours = [Path(line) for line in run.stdout.split()]
    assert len(ours) > 10
    listed = {pin.split("==")[0] for pin in pins}
    found = packages_distributions()
    for module in _imports(*ours, *EXAMPLE.glob("*.py")):
        top = module.split(".")[0]
        if top in sys.stdlib_module_names or top in ("observability", "_typeshed"):
            continue
        assert listed & {name.lower().replace("_", "-") for name in found[top]}, f"{module} comes from {found[top]}"


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
    section = PAGE.split("## Dashboards and alerts")[1]
    rules = [yaml.safe_load(file.read_text()) for file in (ROOT / "alerts" / "rules").glob("*.yml")]
    alerts = {r["alert"] for file in rules for group in file["groups"] for r in group["rules"] if "alert" in r}
    named = set(re.findall(r"`([A-Z][A-Za-z]+)`", section))
    assert len(named) > 5
    assert named <= alerts
    slos = {s["name"] for d in yaml.safe_load_all((ROOT / "alerts" / "slos.yaml").read_text()) for s in d["slos"]}
    assert set(re.findall(r"`(api-\w+)`", section)) <= slos
    for file in re.findall(r"`(?:grafana/dashboards/)?([\w-]+\.json)`", section):
        assert (ROOT / "grafana" / "dashboards" / file).is_file()
