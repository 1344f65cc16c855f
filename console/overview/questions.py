"""The Prometheus queries of the overview, in one place so that a test can run every query on a real server."""

from __future__ import annotations

WINDOW = "2m"
TREND_SECONDS = 1800
TREND_STEP = 30

_GRAPH = "traces_service_graph_request"
_CALLS = f"rate({_GRAPH}_total[{WINDOW}])"
_EDGE = "client, server, connection_type"
# Measured by the caller. External clients export no spans, so for their calls the server's duration is used.
_P95 = (
    f"histogram_quantile(0.95, sum by ({_EDGE}, le)"
    f' (rate({_GRAPH}_client_seconds_bucket{{client!="user"}}[{WINDOW}])'
    f' or rate({_GRAPH}_server_seconds_bucket{{client="user"}}[{WINDOW}])))'
)
_REQUESTS = "http_server_request_duration_seconds"
_API = '{job="api",http_route!~"/healthz|/readyz"}'
_API_5XX = '{job="api",http_route!~"/healthz|/readyz",http_response_status_code=~"5.."}'
_API_TIMED = '{job="api",http_route!~"/healthz|/readyz|.*/events"}'

NOW = {
    "calls": f"sum by ({_EDGE}) ({_CALLS})",
    "failed": f'sum by ({_EDGE}) (rate({_GRAPH}_total{{failed="true"}}[{WINDOW}]))',
    "p95": _P95,
    "up": "sum by (job) (up)",
    "replicas": "count by (job) (up)",
    "queued": 'sum(rq_queue_jobs{state="queued"})',
    "unfinished": "max(shop_orders_unfinished)",
    "oldest": "max(shop_orders_oldest_unfinished_seconds)",
    "dead": "max(shop_dead_letters)",
    "circuit": 'max(circuit_breaker_state{state="open"})',
    "faults": "max by (fault) (fault_active) > 0",
}
SLO = {
    "objective": "slo:objective:ratio",
    "budget": "slo:period_error_budget_remaining:ratio",
    "burn": "slo:current_burn_rate:ratio",
    "error": "slo:sli_error:ratio_rate1h",
    "exhaustion": "slo:error_budget_exhaustion:seconds",
}
TRENDS = {
    "requests": f"sum(rate({_REQUESTS}_count{_API}[{WINDOW}]))",
    "errors": f"(sum(rate({_REQUESTS}_count{_API_5XX}[{WINDOW}])) or vector(0))"
    f" / (sum(rate({_REQUESTS}_count{_API}[{WINDOW}])) > 0)",
    "latency": f"histogram_quantile(0.95, sum by (le) (rate({_REQUESTS}_bucket{_API_TIMED}[{WINDOW}])))",
    "orders": f'sum(rate(shop_orders_total{{outcome="confirmed"}}[{WINDOW}])) * 60',
    "fulfilment": f"histogram_quantile(0.95, sum by (le) (rate(shop_order_fulfilment_seconds_bucket[{WINDOW}])))",
}
