"""The data sources, with the uids of ``grafana/provisioning/datasources``, and the queries to them."""

from __future__ import annotations

from typing import Any

from grafana_foundation_sdk.builders import loki as loki_builders
from grafana_foundation_sdk.builders import prometheus as prometheus_builders
from grafana_foundation_sdk.cog import variants
from grafana_foundation_sdk.models import loki as loki_models
from grafana_foundation_sdk.models import prometheus as prometheus_models
from grafana_foundation_sdk.models.common import DataSourceRef

PROMETHEUS = DataSourceRef(type_val="prometheus", uid="prometheus")
LOKI = DataSourceRef(type_val="loki", uid="loki")
JAEGER = DataSourceRef(type_val="jaeger", uid="jaeger")

Target = Any
"""A builder of one query. The library's type for it is private."""


def squeeze(expression: str) -> str:
    """Join an expression of several lines into one line."""
    return " ".join(expression.split())


def over_time(expression: str, legend: str = "", exemplar: bool = False) -> Target:
    """Return a PromQL query over the dashboard's time range."""
    query = prometheus_builders.Dataquery().expr(squeeze(expression)).range().datasource(PROMETHEUS)
    return (query.exemplar(True) if exemplar else query).legend_format(legend or "__auto")


def now(expression: str, legend: str = "") -> Target:
    """Return a PromQL query at the end of the time range, with one number per series as the result."""
    query = prometheus_builders.Dataquery().expr(squeeze(expression)).instant().datasource(PROMETHEUS)
    return query.legend_format(legend or "__auto")


def as_table(expression: str) -> Target:
    """Return a PromQL query at the end of the time range, with its labels as columns."""
    return now(expression).format(prometheus_models.PromQueryFormat.TABLE)


def as_heatmap(expression: str) -> Target:
    """Return a query of a histogram's buckets over time."""
    return over_time(expression, "{{le}}").format(prometheus_models.PromQueryFormat.HEATMAP)


def log_lines(expression: str, lines: int = 200) -> Target:
    """Return a LogQL query that returns lines, newest first."""
    query = loki_builders.Dataquery().expr(squeeze(expression)).max_lines(lines).datasource(LOKI)
    return query.query_type(loki_models.LokiQueryType.RANGE)


def log_numbers(expression: str, legend: str, instant: bool = False) -> Target:
    """Return a LogQL query that returns numbers, over time or at the end of the range."""
    kind = loki_models.LokiQueryType.INSTANT if instant else loki_models.LokiQueryType.RANGE
    query = loki_builders.Dataquery().expr(squeeze(expression)).legend_format(legend).datasource(LOKI)
    return query.query_type(kind)


class JaegerQuery(variants.Dataquery):
    """The query of a trace by its id. The library has no queries for Jaeger."""

    def __init__(self, trace_id: str) -> None:
        self.ref_id: str | None = None
        self._trace_id = trace_id

    def to_json(self) -> dict[str, object]:
        """Return the representation that Grafana saves."""
        source = {"type": "jaeger", "uid": "jaeger"}
        return {"refId": self.ref_id, "datasource": source, "query": self._trace_id}


class Trace:
    """Builder of the query for one trace."""

    def __init__(self, trace_id: str) -> None:
        self._query = JaegerQuery(trace_id)

    def ref_id(self, ref_id: str) -> Trace:
        """Set the query's name within its panel."""
        self._query.ref_id = ref_id
        return self

    def build(self) -> JaegerQuery:
        """Return the query."""
        return self._query
