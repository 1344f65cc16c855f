"""Every alert has a runbook; all runbooks have the same form, valid queries and existing drills."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.rules.alerts import rules
from tests.rules.files import ALERTS, ROOT, Check
from tests.rules.runbooks import LANGUAGES, SECTIONS, Query, drills, files, jaeger, metrics, queries, sections

DRILLS = ROOT / "lab" / "drills" / "scenarios"


@pytest.mark.parametrize("file", files(), ids=lambda file: file.stem)
def test_form(file: Path) -> None:
    """Every runbook has the same five sections in the same order, a query to paste and numbered mitigation steps."""
    text = file.read_text()
    assert text.startswith(f"# {file.stem}\n")
    assert [name for name in sections(text) if name in SECTIONS] == list(SECTIONS)
    assert [query for query in queries() if query.runbook == file.stem]
    assert re.search(r"^1\. ", text.partition("## Mitigate")[2], re.MULTILINE)
    # A command that is wrapped over two lines cannot be pasted.
    assert [
        line for line in re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S).splitlines() if line.count("`") % 2
    ] == []


@pytest.mark.parametrize("query", queries(), ids=str)
def test_query_parses(check: Check, tmp_path: Path, query: Query) -> None:
    """Each fenced query is in a language that the servers support, and promtool parses each PromQL query."""
    assert query.language in LANGUAGES
    if query.language == "promql":
        rule = {"groups": [{"name": "one", "rules": [{"record": "a:b", "expr": query.text}]}]}
        (tmp_path / "rules.yml").write_text(yaml.safe_dump(rule))
        check("promtool", "check", "rules", tmp_path / "rules.yml")
        assert metrics(query.text) or "__name__" in query.text
    elif query.language == "logql":
        # Loki rejects a selector that could be empty. The end-to-end test finds other errors.
        assert re.search(r'\{[^{}]*\w+=~?"[^"]+"[^{}]*\}', query.text)
        assert query.text.count("(") == query.text.count(")")
    else:
        asked = jaeger(query.text)
        assert asked.pop("service")
        assert "lookback" in asked
        assert set(asked) <= {"lookback", "tags", "minDuration", "maxDuration", "operation", "limit"}
        json.loads(asked.get("tags", "{}"))


@pytest.mark.parametrize("file", files(), ids=lambda file: file.stem)
def test_drills_exist(file: Path) -> None:
    """Each drill that a runbook names exists, and each cause names a drill or states that none exists."""
    text = file.read_text()
    known = {path.stem for path in DRILLS.glob("*.yaml")}
    assert [name for name in drills(text) if name not in known] == []
    causes = text.partition("## Causes")[2].partition("\n## ")[0]
    for cause in re.split(r"^- ", causes, flags=re.MULTILINE)[1:]:
        assert "make drill NAME=" in cause or "No drill reproduces it" in " ".join(cause.split()), cause


def test_every_alert_has_a_runbook() -> None:
    """The console finds a runbook for each alert."""
    assert [rule["alert"] for rule in rules() if not (ALERTS / "runbooks" / f"{rule['alert']}.md").is_file()] == []


def test_metric_names_are_found_in_queries() -> None:
    """A query's metric names, used by the end-to-end test, exclude labels, functions, strings and durations."""
    text = 'sum by (le, job) (rate(a_bucket{b="c_d"}[5m] offset 1h)) / on (x) group_left (y) e:f:rate1m and time() - g'
    assert metrics(text) == {"a_bucket", "e:f:rate1m", "g"}
    assert metrics('topk(10, count by (__name__) ({job="api"})) or {__name__="h"}') == {"h"}
