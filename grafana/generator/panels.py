"""The panel types of the dashboards, with their common appearance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import bargauge as bargauge_builders
from grafana_foundation_sdk.builders import common
from grafana_foundation_sdk.builders import gauge as gauge_builders
from grafana_foundation_sdk.builders import heatmap as heatmap_builders
from grafana_foundation_sdk.builders import logs as logs_builders
from grafana_foundation_sdk.builders import stat as stat_builders
from grafana_foundation_sdk.builders import timeseries as timeseries_builders
from grafana_foundation_sdk.builders.dashboard import FieldColor
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import heatmap as heatmap_models
from grafana_foundation_sdk.models.dashboard import FieldColorModeId

from grafana.generator import thresholds, units
from grafana.generator.sources import Target
from grafana.generator.thresholds import Limit


@dataclass(frozen=True)
class When:
    """The condition under which a panel has data, if not always, and the drill or test action that causes it."""

    when: str
    how: str


@dataclass
class Placed:
    """A panel, its width in the 24 columns, and metadata that Grafana's file cannot store."""

    builder: Any
    title: str
    width: int
    height: int
    limit: Limit | None = None
    when: When | None = None


def _begun(builder: Any, title: str, help_text: str, targets: Sequence[Target]) -> Any:
    """Set what every panel has: title, description and queries in order."""
    first = targets[0].build().datasource if hasattr(targets[0].build(), "datasource") else None
    named = [target.ref_id("ABCDEFGH"[position]) for position, target in enumerate(targets)]
    builder = builder.title(title).description(help_text).targets(named)
    return builder.datasource(first) if first else builder


def _measured(builder: Any, unit: str, limit: Limit | None, links: Mapping[str, str] | None) -> Any:
    """Set what every numeric panel has: unit, thresholds and the link of a click."""
    builder = builder.unit(unit).thresholds(thresholds.config(limit))
    if links:
        builder = builder.data_links([_data_link(title, url) for title, url in links.items()])
    return builder


def _data_link(title: str, url: str) -> Any:
    return _DataLink(title, url)


@dataclass
class _DataLink:
    """A data link. The library's builder would add fields that belong to dashboard links."""

    title: str
    url: str

    def build(self) -> Any:
        """Return the representation that Grafana saves."""
        return {"title": self.title, "url": self.url, "targetBlank": False}


def series(
    title: str,
    help_text: str,
    unit: str,
    targets: Sequence[Target],
    *,
    limit: Limit | None = None,
    width: int = 12,
    height: int = 8,
    stack: bool = False,
    maximum: float | None = None,
    below_zero: bool = False,
    links: Mapping[str, str] | None = None,
    when: When | None = None,
) -> Placed:
    """Return a panel of lines over time, from zero unless values may be negative, with a line for the limit."""
    builder = _measured(_begun(timeseries_builders.Panel(), title, help_text, targets), unit, limit, links)
    builder = (
        builder.color_scheme(FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC))
        .line_width(1)
        .fill_opacity(30 if stack else 8)
        .show_points(looks.VisibilityMode.NEVER)
        .legend(
            common.VizLegendOptions()
            .show_legend(True)
            .display_mode(looks.LegendDisplayMode.LIST)
            .placement(looks.LegendPlacement.BOTTOM)
            .calcs([])
        )
        .tooltip(common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI).sort(looks.SortOrder.DESCENDING))
    )
    if not below_zero:
        builder = builder.min(0)
    if maximum is not None:
        builder = builder.max(maximum)
    if stack:
        builder = builder.stacking(common.StackingConfig().mode(looks.StackingMode.NORMAL).group("A"))
    if limit:
        line = common.GraphThresholdsStyleConfig().mode(looks.GraphThresholdsStyleMode.DASHED)
        builder = builder.thresholds_style(line)
    return Placed(builder, title, width, height, limit, when)


def _reduced() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False)


def number(
    title: str,
    help_text: str,
    unit: str,
    target: Target,
    *,
    limit: Limit | None = None,
    width: int = 4,
    height: int = 4,
    decimals: int | None = None,
    words: Mapping[str, tuple[str, str]] | None = None,
    graph: bool = True,
    links: Mapping[str, str] | None = None,
    when: When | None = None,
) -> Placed:
    """Return a panel with one number (a stat), coloured by its limit. ``words`` maps values to (text, colour)."""
    builder = _measured(_begun(stat_builders.Panel(), title, help_text, [target]), unit, limit, links)
    builder = (
        builder.color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .color_mode(looks.BigValueColorMode.VALUE)
        .graph_mode(looks.BigValueGraphMode.AREA if graph else looks.BigValueGraphMode.NONE)
        .reduce_options(_reduced())
    )
    if decimals is not None:
        builder = builder.decimals(decimals)
    if words:
        options = {value: models.ValueMappingResult(text=text, color=color) for value, (text, color) in words.items()}
        builder = builder.mappings([models.ValueMap(options=options)])
    return Placed(builder, title, width, height, limit, when)


def gauge(
    title: str, help_text: str, unit: str, target: Target, *, limit: Limit, width: int = 4, height: int = 6
) -> Placed:
    """Return a gauge of a share from 0 to 1."""
    builder = _measured(_begun(gauge_builders.Panel(), title, help_text, [target]), unit, limit, None)
    builder = builder.min(0).max(1).color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
    return Placed(builder.reduce_options(_reduced()), title, width, height, limit)


def bars(
    title: str,
    help_text: str,
    unit: str,
    target: Target,
    *,
    limit: Limit | None = None,
    width: int = 8,
    height: int = 8,
    maximum: float | None = None,
    links: Mapping[str, str] | None = None,
    when: When | None = None,
) -> Placed:
    """Return a panel with one bar per series, which shows its last value."""
    builder = _measured(_begun(bargauge_builders.Panel(), title, help_text, [target]), unit, limit, links)
    builder = (
        builder.min(0)
        .color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .display_mode(looks.BarGaugeDisplayMode.BASIC)
        .orientation(looks.VizOrientation.HORIZONTAL)
        .reduce_options(_reduced())
    )
    if maximum is not None:
        builder = builder.max(maximum)
    return Placed(builder, title, width, height, limit, when)


def heatmap(title: str, help_text: str, target: Target, *, width: int = 12, height: int = 8) -> Placed:
    """Return a heatmap of durations over time."""
    builder = _begun(heatmap_builders.Panel(), title, help_text, [target]).unit(units.OPERATIONS)
    builder = (
        builder.calculate(False)
        .exemplars_color("orange")
        .y_axis(heatmap_builders.YAxisConfig().unit(units.SECONDS))
        .color(
            heatmap_builders.HeatmapColorOptions()
            .mode(heatmap_models.HeatmapColorMode.SCHEME)
            .scheme("Blues")
            .steps(32)
        )
    )
    return Placed(builder, title, width, height)


def lines(
    title: str, help_text: str, target: Target, *, width: int = 24, height: int = 10, when: When | None = None
) -> Placed:
    """Return a panel of log lines, newest first."""
    builder = _begun(logs_builders.Panel(), title, help_text, [target]).unit(units.NONE)
    builder = (
        builder.show_time(True)
        .wrap_log_message(True)
        .enable_log_details(True)
        .sort_order(looks.LogsSortOrder.DESCENDING)
        .dedup_strategy(looks.LogsDedupStrategy.NONE)
    )
    return Placed(builder, title, width, height, None, when)
