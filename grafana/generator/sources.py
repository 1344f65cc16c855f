"""The data sources by the uids that ``grafana/provisioning/datasources`` gives them, and targets that ask them."""

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
"""A builder of one query; the library's own type for it is private."""


def squeeze(expression: str) -> str:
    """An expression written over several lines as one."""
    return " ".join(expression.split())


def over_time(expression: str, legend: str = "", exemplar: bool = False) -> Target:
    """PromQL over the dashboard's time range."""
    query = prometheus_builders.Dataquery().expr(squeeze(expression)).range().datasource(PROMETHEUS)
    return (query.exemplar(True) if exemplar else query).legend_format(legend or "__auto")


def now(expression: str, legend: str = "") -> Target:
    """PromQL at the end of the time range; its answer as one number a series."""
    query = prometheus_builders.Dataquery().expr(squeeze(expression)).instant().datasource(PROMETHEUS)
    return query.legend_format(legend or "__auto")


def as_table(expression: str) -> Target:
    """PromQL at the end of the time range; its labels as columns."""
    return now(expression).format(prometheus_models.PromQueryFormat.TABLE)


def as_heatmap(expression: str) -> Target:
    """A histogram's buckets over time."""
    return over_time(expression, "{{le}}").format(prometheus_models.PromQueryFormat.HEATMAP)


def log_lines(expression: str, lines: int = 200) -> Target:
    """LogQL that answers with lines, newest first."""
    query = loki_builders.Dataquery().expr(squeeze(expression)).max_lines(lines).datasource(LOKI)
    return query.query_type(loki_models.LokiQueryType.RANGE)


def log_numbers(expression: str, legend: str, instant: bool = False) -> Target:
    """LogQL that answers with numbers, over time or at its end."""
    kind = loki_models.LokiQueryType.INSTANT if instant else loki_models.LokiQueryType.RANGE
    query = loki_builders.Dataquery().expr(squeeze(expression)).legend_format(legend).datasource(LOKI)
    return query.query_type(kind)


class JaegerQuery(variants.Dataquery):
    """A trace by its id: the library has no queries for Jaeger."""

    def __init__(self, trace_id: str) -> None:
        self.ref_id: str | None = None
        self._trace_id = trace_id

    def to_json(self) -> dict[str, object]:
        """As Grafana saves it."""
        source = {"type": "jaeger", "uid": "jaeger"}
        return {"refId": self.ref_id, "datasource": source, "query": self._trace_id}


class Trace:
    """Builder of the query for one trace."""

    def __init__(self, trace_id: str) -> None:
        self._query = JaegerQuery(trace_id)

    def ref_id(self, ref_id: str) -> Trace:
        """Name it within its panel."""
        self._query.ref_id = ref_id
        return self

    def build(self) -> JaegerQuery:
        """The query."""
        return self._query
