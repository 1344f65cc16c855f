"""The dashboard of one request, found by its request id or trace id: its log lines and its trace."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import nodegraph as nodegraph_builders

from grafana.generator import units
from grafana.generator.frame import Page, Row, link
from grafana.generator.panels import Placed, When, bars, lines, series
from grafana.generator.sources import JAEGER, Target, Trace, log_lines, log_numbers, over_time
from grafana.generator.variables import typed

# Both halves end with `!=`, because with an empty input `request_id=""` would match every line without an id.
ITS = '{service_name=~".+"} | (request_id="$request_id" and request_id!="") or (trace_id="$trace_id" and trace_id!="")'


def page() -> Page:
    """Build the dashboard of one request through all services."""
    help_text = (
        "One request, by its request id (X-Request-ID) or its trace id (X-Trace-ID): its log lines and its trace."
    )
    boxes = [
        typed("request_id", "Request id", "Value of the response header X-Request-ID."),
        typed("trace_id", "Trace id", "Value of the response header X-Trace-ID. Required to show the trace."),
    ]
    return Page("glasshouse-request", help_text, [_story(), _trace(), _beside()], boxes)


def _story() -> Row:
    return Row(
        "Log lines",
        [
            lines(
                "Log lines of the request",
                "Log lines of all services about the request. The trace id of a line links to the trace.",
                log_lines(ITS, lines=500),
                width=18,
                height=12,
                when=When("if the variable Request id is set", "an order"),
            ),
            bars(
                "Lines by service",
                "Number of log lines that each service wrote about the request.",
                units.COUNT,
                log_numbers(
                    f"sum by (service_name) (count_over_time({ITS} [$__range]))", "{{service_name}}", instant=True
                ),
                width=6,
                height=12,
                when=When("if the variable Request id is set", "an order"),
            ),
        ],
    )


def _trace() -> Row:
    its_id = When("if the variable Trace id is set", "an order")
    waterfall = _trace_panel(
        builders.Panel().type("traces"),
        "Trace",
        "All spans of the request in all services. Each span links to its log lines and to the metrics of its service.",
    )
    graph = _trace_panel(
        nodegraph_builders.Panel(),
        "Trace graph",
        "The services and operations of the trace as a graph, with the duration of each.",
    )
    return Row(
        "Trace of the request",
        [Placed(waterfall, "Trace", 16, 16, None, its_id), Placed(graph, "Trace graph", 8, 16, None, its_id)],
    )


def _trace_panel(builder: object, title: str, help_text: str) -> object:
    target: Target = Trace("$trace_id").ref_id("A")
    panel = builder.title(title).description(help_text).datasource(JAEGER)  # type: ignore[attr-defined]
    return panel.unit(units.NONE).with_target(target)


def _beside() -> Row:
    return Row(
        "Context",
        [
            series(
                "Latency of the API",
                "50 % and 95 % of requests took at most this long. The points are exemplars.",
                units.SECONDS,
                [
                    over_time(
                        f"""histogram_quantile({quantile}, sum by (le) (rate(http_server_request_duration_seconds_bucket
                        {{job="api", http_route!~"/healthz|/readyz|.*/events"}}[$__rate_interval])))""",
                        f"p{name}",
                        exemplar=name == "95",
                    )
                    for quantile, name in (("0.5", "50"), ("0.95", "95"))
                ],
                links={"API": link("glasshouse-api")},
            ),
            series(
                "Log lines by level",
                "Log lines per second of all services, by level. Many errors indicate a problem beyond this request.",
                units.OPERATIONS,
                [log_numbers('sum by (level) (rate({service_name=~".+"}[$__auto]))', "{{level}}")],
                stack=True,
                links={"Telemetry itself": link("glasshouse-telemetry")},
            ),
        ],
    )
