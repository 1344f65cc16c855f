"""Tables of instant queries, with one column of numbers per query, joined by their labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import table as table_builders
from grafana_foundation_sdk.models import dashboard as models

from grafana.generator import thresholds, units
from grafana.generator.panels import Placed, When, _begun
from grafana.generator.sources import as_table
from grafana.generator.thresholds import Limit


@dataclass(frozen=True)
class Column:
    """A column with the value of a query."""

    title: str
    expression: str
    unit: str
    limit: Limit | None = None
    decimals: int | None = None


@dataclass(frozen=True)
class Label:
    """A column with a label, and the link of a click on it."""

    name: str
    title: str
    link: str = ""


def table(
    title: str,
    help_text: str,
    labels: Sequence[Label],
    columns: Sequence[Column],
    *,
    width: int = 24,
    height: int = 8,
    when: When | None = None,
) -> Placed:
    """Return a table with a row per combination of labels. A limit colours the text of the cells in its column."""
    builder = _begun(table_builders.Panel(), title, help_text, [as_table(column.expression) for column in columns])
    builder = builder.unit(columns[0].unit if len(columns) == 1 else units.NONE).thresholds(thresholds.config(None))
    builder = builder.transformations(_side_by_side(labels, columns))
    for label in labels:
        if label.link:
            link = {"title": "Open details", "url": label.link, "targetBlank": False}
            builder = builder.override_by_name(label.title, [models.DynamicConfigValue(id_val="links", value=[link])])
    for column in columns:
        builder = builder.override_by_name(column.title, _looks(column))
    return Placed(builder, title, width, height, None, when)


def _side_by_side(labels: Sequence[Label], columns: Sequence[Column]) -> list[models.DataTransformerConfig]:
    """Join the results by label, and keep only the named columns, in their order and with their titles."""
    value = "Value #A" if len(columns) > 1 else "Value"
    names = {value: columns[0].title}
    names |= {f"Value #{'ABCDEFGH'[at]}": column.title for at, column in enumerate(columns) if at}
    titles = {label.name: label.title for label in labels} | names
    organize = {
        "includeByName": dict.fromkeys(titles, True),
        "indexByName": {name: position for position, name in enumerate(titles)},
        "renameByName": titles,
    }
    return [
        models.DataTransformerConfig(id_val="merge", options={}),
        models.DataTransformerConfig(id_val="organize", options=organize),
    ]


def _looks(column: Column) -> list[models.DynamicConfigValue]:
    properties: list[tuple[str, Any]] = [("unit", column.unit)]
    if column.decimals is not None:
        properties.append(("decimals", column.decimals))
    if column.limit:
        properties.append(("thresholds", thresholds.config(column.limit).build()))
        properties.append(("custom.cellOptions", {"type": "color-text"}))
    return [models.DynamicConfigValue(id_val=key, value=value) for key, value in properties]
