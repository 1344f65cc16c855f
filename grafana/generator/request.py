"""One request: by its request id or its trace id, its log lines and its trace."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import nodegraph as nodegraph_builders

from grafana.generator import units
from grafana.generator.frame import Page, Row, link
from grafana.generator.panels import Placed, When, bars, lines, series
from grafana.generator.sources import JAEGER, Target, Trace, log_lines, log_numbers, over_time
from grafana.generator.variables import typed

# Both halves end with `!=`: with an empty box, `request_id=""` would find every line that has none.
ITS = '{service_name=~".+"} | (request_id="$request_id" and request_id!="") or (trace_id="$trace_id" and trace_id!="")'


def page() -> Page:
    """One request through every service."""
    help_text = (
        "One request, by its request id (X-Request-ID) or its trace id (X-Trace-ID): its log lines and its trace."
    )
    boxes = [
        typed("request_id", "Request id", "As in the answer's header X-Request-ID."),
        typed("trace_id", "Trace id", "As in the answer's header X-Trace-ID; needed for the trace."),
    ]
    return Page("glasshouse-request", help_text, [_story(), _trace(), _beside()], boxes)


def _story() -> Row:
    return Row(
        "Its log lines",
        [
            lines(
                "Log lines of the request",
                "What every service wrote while it worked on the request; a line's trace id leads to the trace.",
                log_lines(ITS, lines=500),
                width=18,
                height=12,
                when=When("with an id of a request", "an order"),
            ),
            bars(
                "Lines by service",
                "How many lines each service wrote about the request: who took part.",
                units.COUNT,
                log_numbers(
                    f"sum by (service_name) (count_over_time({ITS} [$__range]))", "{{service_name}}", instant=True
                ),
                width=6,
                height=12,
                when=When("with an id of a request", "an order"),
            ),
        ],
    )


def _trace() -> Row:
    its_id = When("with an id of a trace", "an order")
    waterfall = _trace_panel(
        builders.Panel().type("traces"),
        "Trace",
        "Every span of the request over all services; each span leads to its log lines and to its service's metrics.",
    )
    graph = _trace_panel(
        nodegraph_builders.Panel(),
        "Who called whom",
        "The trace's services and operations as a graph, with the time that each took.",
    )
    return Row(
        "Its trace",
        [Placed(waterfall, "Trace", 16, 16, None, its_id), Placed(graph, "Who called whom", 8, 16, None, its_id)],
    )


def _trace_panel(builder: object, title: str, help_text: str) -> object:
    target: Target = Trace("$trace_id").ref_id("A")
    panel = builder.title(title).description(help_text).datasource(JAEGER)  # type: ignore[attr-defined]
    return panel.unit(units.NONE).with_target(target)


def _beside() -> Row:
    return Row(
        "What else happened then",
        [
            series(
                "Latency of the API",
                "50 % and 95 % of requests took at most this long: is only this one slow? The points are exemplars.",
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
                "Log lines per second of all services, by level: many errors at once are not about this request only.",
                units.OPERATIONS,
                [log_numbers('sum by (level) (rate({service_name=~".+"}[$__auto]))', "{{level}}")],
                stack=True,
                links={"Telemetry itself": link("glasshouse-telemetry")},
            ),
        ],
    )
