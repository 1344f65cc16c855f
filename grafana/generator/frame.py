"""Common parts of all dashboards: links that keep time and variables, annotations, crosshair and layout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import dashboard as models

from grafana.generator.panels import Placed
from grafana.generator.places import PLACES
from grafana.generator.sources import PROMETHEUS

COLUMNS = 24


@dataclass
class Row:
    """A row: a heading and the panels below it."""

    title: str
    panels: Sequence[Placed]


@dataclass
class Page:
    """The definition of a dashboard."""

    uid: str
    help_text: str
    rows: Sequence[Row]
    variables: Sequence[Any] = field(default_factory=list)


def link(uid: str, **variables: str) -> str:
    """Return the URL of a dashboard, keeping the time range. Values may contain Grafana's variables."""
    chosen = "".join(f"&var-{name}={value}" for name, value in variables.items())
    return f"/d/{uid}?${{__url_time_range}}{chosen}"


def build(page: Page) -> models.Dashboard:
    """Return the dashboard in the format that Grafana loads."""
    title = PLACES[page.uid]
    dashboard = (
        builders.Dashboard(title)
        .uid(page.uid)
        .description(page.help_text)
        .tags(["glasshouse"])
        .timezone("browser")
        .time("now-30m", "now")
        .refresh("10s")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .editable()
        .variables(list(page.variables))
        .annotations(_annotations())
        .links([_link(uid, name) for uid, name in PLACES.items() if uid != page.uid])
    )
    for placed in _placed(page.rows):
        dashboard = dashboard.with_row(placed) if isinstance(placed, builders.Row) else dashboard.with_panel(placed)
    return dashboard.build()


def _placed(rows: Sequence[Row]) -> list[Any]:
    """Lay out rows and panels from left to right and from top to bottom, and number them."""
    found: list[Any] = []
    number, y = 0, 0
    for row in rows:
        number += 1
        found.append(builders.Row(row.title).id(number).grid_pos(models.GridPos(h=1, w=COLUMNS, x=0, y=y)))
        x, y, tallest = 0, y + 1, 0
        for placed in row.panels:
            if x + placed.width > COLUMNS:
                x, y, tallest = 0, y + tallest, 0
            number += 1
            position = models.GridPos(h=placed.height, w=placed.width, x=x, y=y)
            found.append(placed.builder.id(number).grid_pos(position))
            x, tallest = x + placed.width, max(tallest, placed.height)
        y += tallest
    return found


def _link(uid: str, title: str) -> builders.DashboardLink:
    link = builders.DashboardLink(title).type(models.DashboardLinkType.LINK).url(f"/d/{uid}")
    return link.include_vars(True).keep_time(True).tooltip(f"Go to {title}, with the same time and variables")


def _annotations() -> list[Any]:
    """Return the annotations: deployments (a process starts, with its version), active faults and firing alerts."""
    started = (
        'process_start_time_seconds{job=~"api|worker|payments|sweeper"} * 1000'
        " * on (job, instance) group_left (service_version) service_info"
    )
    deploys = _annotation("Deploys", "blue", started, "{{instance}} started", "version {{service_version}}")
    faults = _annotation("Faults", "purple", "max by (fault) (fault_active) > 0", "fault {{fault}}", "switched on")
    firing = 'max by (alertname, severity, service) (ALERTS{alertstate="firing", severity=~"page|ticket"})'
    alerts = _annotation("Alerts", "red", firing, "{{alertname}}", "{{severity}} for {{service}}")
    return [deploys.use_value_for_time(True), faults, alerts]


def _annotation(name: str, color: str, expression: str, title: str, text: str) -> builders.AnnotationQuery:
    query = builders.AnnotationQuery().name(name).datasource(PROMETHEUS).enable(True).icon_color(color)
    return query.expr(expression).title_format(title).text_format(text).step("5s")
