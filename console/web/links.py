"""Links from the pages: to the other servers and, for an alert, to the queries in its annotations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from console.config.addresses import Addresses

Answer = TypeVar("Answer")


def server_links(addresses: Addresses, has_jaeger_page: bool, grafana: str = "") -> list[tuple[str, str]]:
    """Return name and start page of each server. A server without pages gets a link to a list from its API."""
    places = (
        ("Grafana", grafana, "/"),
        ("Shop API", addresses.api, "/api/v1/products"),
        ("Prometheus", addresses.prometheus, "/"),
        ("Alertmanager", addresses.alertmanager, "/"),
        ("Jaeger", addresses.jaeger, "/" if has_jaeger_page else "/api/services"),
        ("Log store", addresses.loki, "/loki/api/v1/label/service_name/values"),
    )
    return [(name, base + path) for name, base, path in places if base]


def query_links(alert: Mapping[str, Any], addresses: Addresses) -> list[dict[str, str]]:
    """Return links that run an inbox alert's ``metric_query`` in Prometheus and its ``log_query`` in Loki."""
    found = []
    metric, log = alert["annotations"].get("metric_query"), alert["annotations"].get("log_query")
    if metric and addresses.prometheus:
        found.append({"title": "metrics", "url": graph(addresses.prometheus, metric)})
    if log and addresses.loki:
        found.append({"title": "logs", "url": logs(addresses.loki, log)})
    return found


def graph(prometheus: str, expression: str) -> str:
    """Return the address of an expression's graph, with exemplars, over a quarter of an hour."""
    shown = {"g0.expr": expression, "g0.tab": "0", "g0.range_input": "15m", "g0.show_exemplars": "1"}
    return f"{prometheus}/graph?{urlencode(shown)}"


def lines_page(query: str) -> str:
    """Return the address of the console's own page with the lines of a LogQL query, live."""
    return f"/logs?{urlencode({'query': query})}"


def logs(loki: str, query: str) -> str:
    """Return the address of a query's lines of the last hour, as JSON: there is no UI page for LogQL."""
    return f"{loki}/loki/api/v1/query_range?{urlencode({'query': query}, quote_via=quote)}"


def remembered(question: Callable[[], Answer], seconds: float, clock: Callable[[], float]) -> Callable[[], Answer]:
    """Return a function that runs at most once in ``seconds`` and returns the cached result in between."""
    known: list[tuple[float, Answer]] = []

    def ask() -> Answer:
        if not known or clock() - known[0][0] > seconds:
            known[:] = [(clock(), question())]
        return known[0][1]

    return ask
