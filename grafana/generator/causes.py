"""The last row of the overview: possible causes of the symptoms that customers notice."""

from __future__ import annotations

from grafana.generator import units
from grafana.generator.frame import Row, link
from grafana.generator.panels import bars, number
from grafana.generator.sources import now, over_time
from grafana.generator.tables import Column, Label, table
from grafana.generator.thresholds import Limit


def causes() -> Row:
    """Return the row with servers that are down, queues, circuits, faults and other possible causes."""
    return Row(
        "Possible causes",
        [
            bars(
                "Processes that are up",
                "Share of each service's processes that Prometheus can scrape. Below 100 %, a process is down.",
                units.RATIO,
                now("avg by (job) (up)", "{{job}}"),
                limit=Limit("all", low=True),
                maximum=1,
                height=9,
                links={"Host and processes": link("glasshouse-host", job="${__field.labels.job:percentencode}")},
            ),
            table(
                "Service calls",
                "Calls between services, calculated from traces: rate, failures and p95 over the last five minutes.",
                [Label("client", "From"), Label("server", "To")],
                [
                    Column(
                        "Calls/s",
                        "sum by (client, server) (rate(traces_service_graph_request_total[5m]))",
                        units.OPERATIONS,
                    ),
                    Column(
                        "Failed/s",
                        """sum by (client, server) (rate(traces_service_graph_request_failed_total[5m]))
                        or 0 * sum by (client, server) (rate(traces_service_graph_request_total[5m]))""",
                        units.OPERATIONS,
                        decimals=3,
                    ),
                    Column(
                        "p95",
                        """histogram_quantile(0.95,
                        sum by (client, server, le) (rate(traces_service_graph_request_server_seconds_bucket[5m])))""",
                        units.SECONDS,
                    ),
                ],
                width=7,
                height=9,
            ),
            number(
                "Payment circuit",
                "Open means that the payment service failed too often, and workers do not call it for some time.",
                units.NONE,
                over_time('max(circuit_breaker_state{circuit="payments", state="open"})'),
                limit=Limit("none"),
                words={"0": ("closed", "green"), "1": ("open", "red")},
                width=3,
                height=9,
                graph=False,
            ),
            number(
                "Active faults",
                "Number of faults that are switched on.",
                units.COUNT,
                over_time("sum(max by (fault) (fault_active)) or vector(0)"),
                limit=Limit("none"),
                width=3,
                height=9,
                graph=False,
            ),
            number(
                "Front door",
                "Whether NGINX, which receives all requests to the shop, responds to its exporter.",
                units.NONE,
                over_time("min(nginx_up)"),
                limit=Limit("all", low=True),
                words={"0": ("down", "red"), "1": ("up", "green")},
                width=3,
                height=9,
                graph=False,
            ),
        ],
    )
