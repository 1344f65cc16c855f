"""The dashboard files are current and complete, and every name in them resolves."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from grafana.generator import units
from grafana.generator.places import OWN_LIMITS, PLACES
from tests import dashboard_queries as queries
from tests.rules.files import ALERTS, ROOT

DASHBOARDS = queries.load()
NOTES = queries.notes()
PROVISIONED = yaml.safe_load((ROOT / "grafana/provisioning/datasources/glasshouse.yaml").read_text())["datasources"]
SOURCES = {source["uid"]: source["type"] for source in PROVISIONED}
PANEL_TYPES = {"timeseries", "stat", "gauge", "bargauge", "table", "heatmap", "logs", "traces", "nodeGraph"}
COLOURS = {"green", "orange", "red", "text", "blue", "purple"}
A_MOMENT = queries.Span(1_000, 4_600)
GRAFANAS = re.compile(r"__(url_time_range|data\.fields\.\w+|field\.labels\.\w+|value\.raw)")

each_dashboard = pytest.mark.parametrize("uid", sorted(DASHBOARDS))


def every_panel(uid: str) -> list[dict[str, Any]]:
    return list(queries.panels(DASHBOARDS[uid]))


def under(value: Any, key: str) -> Iterator[Any]:
    """Yield every value of this key, at any depth."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == key:
                yield inner
            yield from under(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from under(inner, key)


def test_committed_files_are_current() -> None:
    """The generator's output equals the committed dashboards."""
    done = subprocess.run(
        [sys.executable, "-m", "grafana.generate", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_there_is_one_file_for_each_place() -> None:
    """Exactly the dashboards that links name exist, under their uids, which Grafana and the console use."""
    assert set(DASHBOARDS) == set(PLACES)
    for uid, dashboard in DASHBOARDS.items():
        assert dashboard["title"] == PLACES[uid]
        assert dashboard["graphTooltip"] == 1, "the crosshair is shared"


@each_dashboard
def test_every_panel_says_what_it_shows(uid: str) -> None:
    """Every panel has a unique title, a help sentence, a known unit, a supported type and named queries."""
    titles = [panel["title"] for panel in every_panel(uid)]
    assert len(titles) == len(set(titles))
    for panel in every_panel(uid):
        assert panel["type"] in PANEL_TYPES
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in units.ALL, panel["title"]
        references = [target["refId"] for target in panel["targets"]]
        assert references == list("ABCDEFGH"[: len(references)]), panel["title"]


@each_dashboard
def test_panels_have_ids_and_room_of_their_own(uid: str) -> None:
    """Panel ids are unique, and panels do not overlap."""
    everything = DASHBOARDS[uid]["panels"]
    ids = [panel["id"] for panel in everything]
    assert len(ids) == len(set(ids))
    cells: set[tuple[int, int]] = set()
    for panel in everything:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        taken = {(place["x"] + dx, place["y"] + dy) for dx in range(place["w"]) for dy in range(place["h"])}
        assert not taken & cells, panel["title"]
        cells |= taken


@each_dashboard
def test_every_data_source_is_provisioned(uid: str) -> None:
    """Panels, queries, annotations and variables reference existing data sources by uid and type."""
    for source in under(DASHBOARDS[uid], "datasource"):
        assert SOURCES.get(source["uid"]) == source["type"], source


@each_dashboard
def test_every_variable_is_known(uid: str) -> None:
    """Queries and links use only defined variables, and every variable is used by a query of its dashboard."""
    dashboard = DASHBOARDS[uid]
    values = queries.variables(dashboard)
    asked = [*queries.of_panels(dashboard), *queries.of_annotations(dashboard)]
    for query in asked:
        assert query.expression
        queries.fill(query.expression, values, A_MOMENT)
    assert set(values) <= set().union(*(queries.used(query.expression) for query in asked))


@each_dashboard
def test_every_link_leads_somewhere(uid: str) -> None:
    """Links lead to an existing dashboard, use its variables and keep the time range."""
    for shown in DASHBOARDS[uid]["links"]:
        assert shown["keepTime"] is True
        assert shown["includeVars"] is True
    assert {shown["url"] for shown in DASHBOARDS[uid]["links"]} == {f"/d/{other}" for other in PLACES if other != uid}
    for url in under(DASHBOARDS[uid], "url"):
        found = re.fullmatch(r"/d/([\w-]+)(\?.*)?", url)
        assert found, url
        known = queries.variables(DASHBOARDS[found[1]])
        for name in re.findall(r"var-(\w+)=", found[2] or ""):
            assert name in known, url
        if found[2]:
            assert "${__url_time_range}" in found[2], url
        for used in queries.used(url):
            assert GRAFANAS.fullmatch(used), url


@each_dashboard
def test_a_drill_down_takes_a_label_that_its_query_keeps(uid: str) -> None:
    """`${__field.labels.x}` is a label in the query's `by (…)`, and `${__data.fields.X}` is a table column."""
    for panel in every_panel(uid):
        expressions = " ".join(target.get("expr", "") for target in panel["targets"])
        columns = {name for renamed in under(panel, "renameByName") for name in renamed.values()}
        for url in under(panel, "url"):
            for used in queries.used(url):
                kind, _, name = used.rpartition(".")
                if kind == "__field.labels":
                    assert re.search(rf"by \([^)]*\b{name}\b", expressions), url
                elif kind == "__data.fields":
                    assert name in columns, url


@each_dashboard
def test_thresholds_are_those_of_the_alerts(uid: str) -> None:
    """A panel draws its declared threshold with the number of `alerts/thresholds.yaml`."""
    numbers = {name: entry["value"] for name, entry in yaml.safe_load((ALERTS / "thresholds.yaml").read_text()).items()}
    for panel in every_panel(uid):
        drawn = [step["value"] for step in panel["fieldConfig"]["defaults"].get("thresholds", {}).get("steps", [])][1:]
        name = NOTES[uid].get(panel["title"], {}).get("threshold")
        expected = [] if name is None else [numbers.get(name, OWN_LIMITS.get(name))]
        assert drawn == expected, panel["title"]


@each_dashboard
def test_no_colour_but_those_with_a_meaning(uid: str) -> None:
    """Colours are names that both themes define, not hexadecimal values."""
    for key in ("color", "iconColor"):
        for colour in under(DASHBOARDS[uid], key):
            assert isinstance(colour, dict) or colour in COLOURS, colour
    assert not re.search(r'"#[0-9a-fA-F]{3,8}"|rgb\(', str(DASHBOARDS[uid]))


def test_notes_are_of_panels_that_exist() -> None:
    """Every declaration refers to an existing panel."""
    for uid, noted in NOTES.items():
        assert set(noted) <= {panel["title"] for panel in every_panel(uid)}


def test_sources_lead_to_each_other() -> None:
    """Every uid and dashboard that a data source references exists."""
    for uid in under(PROVISIONED, "datasourceUid"):
        assert uid in SOURCES
    for url in under(PROVISIONED, "url"):
        if url.startswith("/d/"):
            found = re.fullmatch(r"/d/([\w-]+)\?var-(\w+)=.*", url)
            assert found
            assert found[2] in queries.variables(DASHBOARDS[found[1]])
