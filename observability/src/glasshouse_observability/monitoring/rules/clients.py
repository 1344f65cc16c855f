"""Alerts on what the application calls: databases and other HTTP services."""

from __future__ import annotations

from collections.abc import Iterator

from glasshouse_observability.monitoring import promql
from glasshouse_observability.monitoring.promql import Selector
from glasshouse_observability.monitoring.rules.alert import TICKET, Rule, alert
from glasshouse_observability.monitoring.service import Service

ERROR_RATIO, FEWEST_ERRORS = 0.05, 5
CALL_ERROR_RATIO = 0.1
WAIT_SECONDS = 0.5
WAIT_RATIO = 0.05
_WINDOW, _WINDOW_SECONDS = "5m", 300


def database_rules(service: Service) -> Iterator[Rule]:
    """Yield the alerts on databases, for each role."""
    for role, selector in service.roles():
        count = "db_client_operation_duration_seconds_count"
        yield alert(
            service,
            "DatabaseErrors",
            _share(selector, count, 'error_type!=""', "db_system_name", ERROR_RATIO),
            severity=TICKET,
            for_="2m",
            role=role,
            summary="{{ $value | humanizePercentage }} of the operations on {{ $labels.db_system_name }} fail,"
            f" limit {ERROR_RATIO:.0%}",
            first_step="Find the type of the errors (dashboard, row Databases) and check whether the server responds.",
        )
        yield alert(
            service,
            "DatabasePoolExhausted",
            _exhausted(selector),
            severity=TICKET,
            for_="2m",
            role=role,
            summary="{{ $value | humanizePercentage }} of the operations wait longer than"
            f" {WAIT_SECONDS} s for a connection of the pool {{{{ $labels.db_client_connection_pool_name }}}},"
            f" limit {WAIT_RATIO:.0%}",
            first_step="Compare the connections in use with the maximum of the pool; look for slow operations.",
        )


def http_client_rules(service: Service) -> Iterator[Rule]:
    """Yield the alerts on outgoing requests, for each role; status 0 means that there was no response."""
    for role, selector in service.roles():
        yield alert(
            service,
            "HttpClientErrors",
            _share(
                selector,
                "http_client_request_duration_seconds_count",
                'http_response_status_code=~"0|5.."',
                "server_address",
                CALL_ERROR_RATIO,
            ),
            severity=TICKET,
            for_="2m",
            role=role,
            summary="{{ $value | humanizePercentage }} of the requests to {{ $labels.server_address }} fail,"
            f" limit {CALL_ERROR_RATIO:.0%}",
            first_step="Check the status of the called service; status 0 means a time-out or no connection.",
        )


def _share(selector: Selector, metric: str, wrong: str, by: str, limit: float) -> str:
    errors = promql.rate(selector.of(metric, wrong), _WINDOW, by)
    return (
        f"{errors}\n/ ({promql.rate(selector.of(metric), _WINDOW, by)} > 0)\n> {limit}\n"
        f"and {errors} * {_WINDOW_SECONDS} > {FEWEST_ERRORS - 0.5}"
    )


def _exhausted(selector: Selector) -> str:
    by = "db_client_connection_pool_name"
    # An operation that times out is not in the histogram of the waits.
    timeouts = promql.rate(selector.of("db_client_connection_timeouts_total"), _WINDOW, by)
    waits = promql.rate(selector.of("db_client_connection_wait_time_seconds_count"), _WINDOW, by)
    within = promql.rate(
        selector.of("db_client_connection_wait_time_seconds_bucket", promql.boundary(WAIT_SECONDS)), _WINDOW, by
    )
    return (
        f"({waits} - {within} + {timeouts})\n/ ({waits} + {timeouts} > 0)\n> {WAIT_RATIO}\n"
        f"and ({waits} - {within} + {timeouts}) * {_WINDOW_SECONDS} > {FEWEST_ERRORS - 0.5}"
    )
