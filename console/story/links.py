"""Links to more data, for a browser or for curl."""

from __future__ import annotations

from urllib.parse import quote

from console.servers.loki import by_fields, quoted
from console.story.evidence import Evidence
from console.story.exemplars import METRIC, route_of_trace
from console.story.model import Link
from console.web.links import graph, logs


def links(evidence: Evidence) -> tuple[Link, ...]:
    """Return a link for each server of the installation that has data about this story."""
    at = evidence.addresses
    found = []
    if at.api and evidence.order_id:
        found.append(Link("Order", f"{at.api}/api/v1/orders/{quote(evidence.order_id)}"))
    if at.jaeger and evidence.trace_id:
        path = "/trace/" if evidence.has_jaeger_page else "/api/traces/"
        found.append(Link("Trace in Jaeger", at.jaeger + path + quote(evidence.trace_id)))
    if at.loki and (evidence.request_id or evidence.trace_id):
        field = {"request_id": evidence.request_id} if evidence.request_id else {"trace_id": evidence.trace_id}
        found.append(Link("Log lines in the log store", logs(at.loki, by_fields(field))))
    if at.prometheus:
        found.append(Link("Latency in Prometheus", graph(at.prometheus, p95(route_of_trace(evidence.spans or ())))))
    if at.alertmanager:
        found.append(Link("Alerts", f"{at.alertmanager}/#/alerts"))
    if at.console:
        identity = evidence.order_id or evidence.request_id or evidence.trace_id
        found.append(Link("Console", f"{at.console}/requests/{quote(identity)}" if identity else f"{at.console}/"))
    return tuple(found)


def p95(route: tuple[str, str] | None) -> str:
    """Return the expression for the 95th percentile of a route's latency, or of the whole API if there is no route."""
    matching = f"http_request_method={quoted(route[0])},http_route={quoted(route[1])}" if route else 'job="api"'
    return f"histogram_quantile(0.95, sum by (le) (rate({METRIC}{{{matching}}}[5m])))"
