"""The queries of the dashboards in `grafana/dashboards`, with variables substituted as in Grafana.

Tests run every query of every dashboard. The console substitutes variables in the browser by the same rules
(`console/static/js/board/fill.js`); `tests/integration/console/test_boards.py` compares both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GRAFANA = Path(__file__).resolve().parents[1] / "grafana"
FOLDER = GRAFANA / "dashboards"
NOTES = GRAFANA / "panels.json"
SCRAPE_SECONDS = 5
"""The data source's ``timeInterval``, which is the scrape interval."""

# Names do not begin with a digit: ${1} belongs to label_replace.
_USE = re.compile(
    r"\$\{(?P<braced>[A-Za-z_][\w.]*)(?::(?P<format>\w+))?\}|\$(?P<bare>[A-Za-z_]\w*)|\[\[(?P<old>[A-Za-z_]\w*)\]\]"
)
_SPECIAL = re.compile(r"[$^*{}\[\]'+?.()|]")


class Pattern(str):
    """A value that is already a regular expression, such as the value of ``All``. It is inserted unchanged."""


Value = str | Sequence[str]


@dataclass(frozen=True)
class Query:
    """One query of a panel, an annotation or a variable."""

    dashboard: str
    panel: str
    source: str
    """The data source's uid: prometheus, loki or jaeger."""
    expression: str
    instant: bool = False
    form: str = "time_series"
    legend: str = ""


@dataclass(frozen=True)
class Span:
    """The time range in epoch seconds, and the time between two points of a graph."""

    start: float
    end: float
    step: int = 15

    def macros(self) -> dict[str, str]:
        """Grafana's own variables: https://grafana.com/docs/grafana/latest/datasources/prometheus/template-variables/."""
        length = max(1, round(self.end - self.start))
        rate = max(self.step + SCRAPE_SECONDS, 4 * SCRAPE_SECONDS)
        return {
            "__interval": f"{self.step}s",
            "__interval_ms": str(self.step * 1000),
            "__auto": f"{self.step}s",
            "__rate_interval": f"{rate}s",
            "__range": f"{length}s",
            "__range_s": str(length),
            "__range_ms": str(length * 1000),
            "__from": str(round(self.start * 1000)),
            "__to": str(round(self.end * 1000)),
        }


class UnknownVariable(KeyError):
    """A query uses a variable that its dashboard does not define."""


def load(folder: Path = FOLDER) -> dict[str, dict[str, Any]]:
    """Return every dashboard by its uid."""
    found = (json.loads(file.read_text()) for file in sorted(folder.glob("*.json")))
    return {dashboard["uid"]: dashboard for dashboard in found}


def notes(file: Path = NOTES) -> dict[str, dict[str, Any]]:
    """Dashboard uid → panel title → {"threshold": name, "data": {"when": …, "how": …}}."""
    known: dict[str, dict[str, Any]] = json.loads(file.read_text())
    return {uid: note for uid, note in known.items() if isinstance(note, dict)}


def panels(dashboard: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every panel, including those in collapsed rows, but not the rows."""
    for panel in dashboard["panels"]:
        if panel["type"] != "row":
            yield panel
        yield from panel.get("panels", ())


def of_panels(dashboard: Mapping[str, Any]) -> Iterator[Query]:
    """Yield every query of every panel."""
    for panel in panels(dashboard):
        for target in panel.get("targets", ()):
            yield Query(
                dashboard["uid"],
                panel["title"],
                target["datasource"]["uid"],
                target.get("expr", target.get("query", "")),
                bool(target.get("instant")) or target.get("queryType") == "instant",
                "logs" if panel["type"] == "logs" else target.get("format", "time_series"),
                target.get("legendFormat", ""),
            )


def of_annotations(dashboard: Mapping[str, Any]) -> Iterator[Query]:
    """Yield every query of an annotation."""
    for known in dashboard["annotations"]["list"]:
        yield Query(dashboard["uid"], known["name"], known["datasource"]["uid"], known["expr"])


def variables(dashboard: Mapping[str, Any]) -> dict[str, Value]:
    """Return the initial value of every variable of the dashboard."""
    found: dict[str, Value] = {}
    for known in dashboard["templating"]["list"]:
        value = known.get("current", {}).get("value", "")
        found[known["name"]] = Pattern(known.get("allValue") or ".*") if value in ("$__all", ["$__all"]) else value
    return found


def used(text: str) -> set[str]:
    """Return the names of all variables in a text."""
    return {_name(match) for match in _USE.finditer(text)}


def fill(text: str, values: Mapping[str, Value], span: Span) -> str:
    """Return the query as Grafana sends it. Several values become ``(a|b)``, escaped for a regular expression."""
    macros = span.macros()

    def filled(match: re.Match[str]) -> str:
        name = _name(match)
        if name in macros:
            return macros[name]
        if name not in values:
            raise UnknownVariable(f"${name} in {text}")
        return _written(values[name], match["format"])

    return _USE.sub(filled, text)


def escape(value: str) -> str:
    """Escape a value for a regular expression in a quoted string of PromQL or LogQL: each backslash is doubled."""
    return _SPECIAL.sub(r"\\\\\g<0>", value.replace("\\", "\\\\\\\\"))


def _name(match: re.Match[str]) -> str:
    return str(match["braced"] or match["bare"] or match["old"])


def _written(value: Value, form: str | None) -> str:
    if isinstance(value, Pattern) or (isinstance(value, str) and form == "raw"):
        return str(value)
    if isinstance(value, str):
        return value.replace("\\", "\\\\").replace('"', '\\"')
    several = [escape(one) for one in value]
    return several[0] if len(several) == 1 else f"({'|'.join(several)})"
