"""Every LogQL query in the repository, from every kind of file that contains queries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from console.lookup import lists
from console.servers import loki
from console.tail import logql
from deploy.tracked import tracked
from tests import dashboard_queries as boards
from tests.rules import alerts, runbooks
from tests.rules.files import ROOT
from tests.rules.python_strings import strings

SELECTOR = re.compile(r"(?<![\w:}])\{\s*(?:service_name|level)\s*(?:=|!)")
"""The start of a query; a metric name before the brace would make it PromQL."""
A_MOMENT = boards.Span(1_000, 4_600)
HOSTILE = (
    "plain",
    'quote " and \\ backslash',
    "`tick`",
    "two\nlines",
    "Zürich ☃",
    "{braces} | pipe",
    ".*+?^$()[]",
    "0",
)
_IN_COMMAND = re.compile(r"'query=((?:[^'\\]|\\.)*)'")
_FENCE = re.compile(r"```logql\n(.*?)\n```", re.DOTALL)
_IN_YAML = re.compile(r"^\s*log: '(.*)'$", re.MULTILINE)
_IN_CODE = re.compile(r"`(\{(?:service_name|level)[^`]*)`")
_FROM_TRACE = re.compile(r"\$\$\{__trace\.traceId\}")


@dataclass(frozen=True)
class Found:
    """A query and the file that contains it."""

    file: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}: {self.text}"


@cache
def everything() -> list[Found]:
    """All queries without duplicates, collected once."""
    parts = (
        *(of_dashboards(), of_alerts(), of_objectives(), of_runbooks(), of_provisioning()),
        *(of_drills(), of_documents(), of_console(), of_programs()),
    )
    return list(dict.fromkeys(found for part in parts for found in part))


def of_dashboards() -> Iterator[Found]:
    """Panels, annotations and variables, with variables substituted as in Grafana."""
    for file in sorted(boards.FOLDER.glob("*.json")):
        dashboard = boards.load(file.parent)[file.stem]
        values = boards.variables(dashboard)
        for query in (*boards.of_panels(dashboard), *boards.of_annotations(dashboard)):
            if query.source == "loki":
                yield Found(name_of(file), boards.fill(query.expression, values, A_MOMENT))


def of_alerts() -> Iterator[Found]:
    """The `log_query` annotations of the rules, with the file of each rule."""
    for file in sorted((ROOT / "alerts" / "rules").glob("*.yml")):
        for text in values_of("log_query", [*yaml.safe_load_all(file.read_text())]):
            yield Found(name_of(file), re.sub(r"\{\{ \$labels\.\w+ \}\}", "api", text))
    for query in alerts.queries():
        if query.language == "logql":
            yield Found("alerts/rules", query.text)


def of_objectives() -> Iterator[Found]:
    """The SLOs' annotations, from which rules are generated."""
    file = ROOT / "alerts" / "slos.yaml"
    yield from (Found(name_of(file), text) for text in values_of("log_query", [*yaml.safe_load_all(file.read_text())]))


def of_runbooks() -> Iterator[Found]:
    """Fenced blocks of the runbooks."""
    for query in runbooks.queries():
        if query.language == "logql":
            yield Found(f"alerts/runbooks/{query.runbook}.md", query.text)


def of_provisioning() -> Iterator[Found]:
    """The query for a span's log lines."""
    file = ROOT / "grafana" / "provisioning" / "datasources" / "glasshouse.yaml"
    for source in yaml.safe_load(file.read_text())["datasources"]:
        if asked := source.get("jsonData", {}).get("tracesToLogsV2"):
            yield Found(name_of(file), _FROM_TRACE.sub("0af7651916cd43dd8448eb211c80319c", asked["query"]))


def of_drills() -> Iterator[Found]:
    """The queries that drills use to search log lines."""
    for file in sorted((ROOT / "lab" / "drills" / "scenarios").glob("*.yaml")):
        yield from (Found(name_of(file), text) for text in values_of("log", [*yaml.safe_load_all(file.read_text())]))


def of_documents() -> Iterator[Found]:
    """README, docs and comments of configuration: commands, fenced blocks, drill declarations, inline code."""
    for name in tracked():
        if name.endswith((".md", ".yaml", ".yml")) and not name.startswith(("tests/", "alerts/tests/")):
            text = (ROOT / name).read_text()
            for pattern in (_IN_COMMAND, _FENCE, _IN_YAML, _IN_CODE):
                yield from (Found(name, match[1]) for match in pattern.finditer(text) if SELECTOR.search(match[1]))


def of_console() -> Iterator[Found]:
    """The queries that the console builds, from every filter and from malicious text."""
    tail, finding, listing = "console/tail/logql.py", "console/servers/loki.py", "console/lookup/lists.py"
    for text in ("", *HOSTILE):
        for level in ("", *logql.LEVELS):
            yield Found(tail, logql.query_of(text, level, text, text, text))
        yield Found(tail, logql.query_of(text=text))
        yield Found(tail, logql.query_of(event=text))
        yield Found(tail, logql.query_of(identity=text))
    for text in HOSTILE:
        yield Found(finding, loki.by_fields({"request_id": text}))
        yield Found(finding, loki.by_fields({"request_id": text, "trace_id": text, "order_id": text}))
    for kind in lists.KINDS:
        for seconds in (0.25, 1.0, 1e-7, 1e9):
            yield Found(listing, lists.query_of(kind, seconds))


def of_programs() -> Iterator[Found]:
    """Strings in Python programs that are whole queries, except those that the console's functions build."""
    for name in tracked():
        built = name in ("console/tail/logql.py", "console/servers/loki.py", "console/lookup/lists.py")
        if (
            name.endswith(".py")
            and not built
            and not name.startswith(("tests/", "grafana/", "alerts/", "log_gateway/"))
        ):
            yield from (Found(name, text) for text in strings((ROOT / name).read_text()) if SELECTOR.search(text))


def values_of(name: str, tree: Any) -> Iterator[str]:
    """The strings under a given key anywhere in a YAML file."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key == name and isinstance(value, str):
                yield value
            else:
                yield from values_of(name, value)
    elif isinstance(tree, list):
        for value in tree:
            yield from values_of(name, value)


def with_a_selector() -> set[str]:
    """Files that seem to contain a query, except tests and generators."""
    found = set()
    for name in tracked():
        if name.startswith(("tests/", "alerts/tests/", "alerts/generator/", "grafana/generator/", "log_gateway/")):
            continue
        text = (ROOT / name).read_bytes().decode(errors="replace").replace("{{", "{")
        if SELECTOR.search(text):
            found.add(name)
    return found


def name_of(file: Path) -> str:
    """The path within the repository."""
    return file.relative_to(ROOT).as_posix()
