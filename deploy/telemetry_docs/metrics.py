"""The metrics that the code declares: constructors of prometheus_client's classes, read from the syntax trees."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache

from stack.paths import ROOT

PACKAGES = (
    "observability/src/glasshouse_observability",
    "app",
    "shop",
    "workers",
    "payments",
    "console",
    "faults",
    "log_gateway",
    "lab/trickle",
    "deploy/compose",
)
"""Packages whose code runs in the services."""
TYPES = {
    "Counter": "counter",
    "Gauge": "gauge",
    "Histogram": "histogram",
    "DeferredHistogram": "histogram",
    "CounterMetricFamily": "counter",
    "GaugeMetricFamily": "gauge",
}


@dataclass(frozen=True, slots=True)
class DeclaredMetric:
    """A metric: its name as it is exposed, type, help text, labels, and the file that declares it."""

    name: str
    type: str
    help: str
    labels: tuple[str, ...]
    file: str


@cache
def sources() -> tuple[tuple[str, ast.Module], ...]:
    """Return the path, relative to the root, and the syntax tree of each module that runs in a service."""
    files = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return tuple((str(path.relative_to(ROOT)), ast.parse(path.read_text())) for path in files)


def declared() -> list[DeclaredMetric]:
    """Return every metric that has a name and a help text, sorted by name.

    :raises ValueError: two declarations of one name differ in type, help text or labels.
    """
    found: dict[str, DeclaredMetric] = {}
    for file, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and (metric := _metric(node, file)) and metric.help:
                other = found.setdefault(metric.name, metric)
                if (other.type, other.help, other.labels) != (metric.type, metric.help, metric.labels):
                    raise ValueError(f"{metric.name} is declared differently in {other.file} and {file}")
    return sorted(found.values(), key=lambda metric: metric.name)


def _metric(call: ast.Call, file: str) -> DeclaredMetric | None:
    """Return the metric that a call declares, or ``None``."""
    name = ast.unparse(call.func).rpartition(".")[2]
    texts = [value.value for value in call.args[:2] if isinstance(value, ast.Constant) and isinstance(value.value, str)]
    if name not in TYPES or len(texts) != 2:
        return None
    values = {keyword.arg: keyword.value for keyword in call.keywords}
    labels = values.get("labelnames") or values.get("labels") or (call.args[2] if len(call.args) > 2 else None)
    listed = isinstance(labels, ast.List | ast.Tuple)
    names = tuple(ast.literal_eval(labels)) if listed and labels is not None else ()
    return DeclaredMetric(texts[0], TYPES[name], texts[1], names, file)
