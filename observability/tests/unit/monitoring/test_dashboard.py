"""The dashboard's model: what Grafana needs to import it, and what a reader needs to understand each panel."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from glasshouse_observability.monitoring.dashboard import page
from glasshouse_observability.monitoring.service import PARTS, Service
from library_support.alert_cases import WHOLE

ONE_JOB = replace(WHOLE, jobs=WHOLE.web)
UNITS = {"s", "reqps", "ops", "percentunit", "bytes", "short", "suffix:×"}
SERVICES = [WHOLE, ONE_JOB, *(replace(ONE_JOB, parts=ONE_JOB.parts - {part}) for part in PARTS)]
each_service = pytest.mark.parametrize("service", SERVICES, ids=lambda service: "-".join(sorted(service.parts)))


def panels(service: Service) -> list[dict[str, Any]]:
    model: dict[str, Any] = json.loads(page.text(service))
    return [panel for panel in model["panels"] if panel["type"] != "row"]


@each_service
def test_every_panel_can_be_read(service: Service) -> None:
    """Each panel has a title, a description that ends as a sentence, a unit, and queries with a legend."""
    for panel in panels(service):
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
        assert panel["targets"]
        for target in panel["targets"]:
            assert target["legendFormat"]
            assert "SELECTED" not in target["expr"]
            assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        names = [target["refId"] for target in panel["targets"]]
        assert len(names) == len(set(names))


@each_service
def test_panels_fill_the_grid_without_overlap(service: Service) -> None:
    """Numbers are unique, panels are within the 24 columns, and no two share a cell."""
    found = json.loads(page.text(service))["panels"]
    assert len({panel["id"] for panel in found}) == len(found)
    cells: set[tuple[int, int]] = set()
    for panel in found:
        position = panel["gridPos"]
        assert position["x"] + position["w"] <= 24
        own = {
            (position["x"] + column, position["y"] + line)
            for column in range(position["w"])
            for line in range(position["h"])
        }
        assert not own & cells
        cells |= own


def test_each_row_belongs_to_a_part() -> None:
    """Rows of parts that are left out are absent."""

    def rows(service: Service) -> list[str]:
        return [panel["title"] for panel in json.loads(page.text(service))["panels"] if panel["type"] == "row"]

    assert rows(WHOLE) == [
        "Requests", "Objectives (recorded by the rules)", "Jobs", "Databases", "Outgoing HTTP",
        "Processes and telemetry",
    ]  # fmt: skip
    assert rows(replace(WHOLE, parts=frozenset({"jobs"}))) == ["Jobs", "Processes and telemetry"]
    assert rows(replace(WHOLE, parts=frozenset({"slo"}))) == ["Processes and telemetry"]


def test_latency_has_exemplars() -> None:
    """The panel of durations shows exemplars, which lead from a slow request to its trace."""
    found = {panel["title"]: panel for panel in panels(WHOLE)}
    assert [target["exemplar"] for target in found["Duration"]["targets"]] == [False, True, False]


def test_variables_select_data_source_job_and_instance() -> None:
    """Every query of the service's own series is limited by the variables; objectives are of the whole service."""
    model = json.loads(page.text(WHOLE))
    assert [variable["name"] for variable in model["templating"]["list"]] == ["datasource", "job", "instance"]
    for panel in panels(WHOLE):
        for target in panel["targets"]:
            if "slo:" not in target["expr"]:
                assert target["expr"].count('job=~"$job", instance=~"$instance"') == target["expr"].count("job=~")
                assert 'job=~"$job"' in target["expr"]


def test_processes_of_two_jobs_are_two_queries() -> None:
    """If workers are another job of the scrape configuration, panels about all processes show both."""
    memory = {panel["title"]: panel for panel in panels(WHOLE)}["Memory"]
    assert [target["legendFormat"] for target in memory["targets"]] == ["web {{instance}}", "worker {{instance}}"]
    memory = {panel["title"]: panel for panel in panels(ONE_JOB)}["Memory"]
    assert [target["legendFormat"] for target in memory["targets"]] == ["{{instance}}"]


def test_each_service_has_its_own_dashboard() -> None:
    """Grafana replaces a dashboard of the same uid, which has at most 40 characters, so each name has another."""
    names = ["shop", "Shop", "a" * 60, "a" * 61, "Läden", "店", "屋"]
    uids = [json.loads(page.text(replace(WHOLE, name=name)))["uid"] for name in names]
    assert len(set(uids)) == len(names)
    assert all(len(uid) <= 40 and uid.isascii() for uid in uids)
