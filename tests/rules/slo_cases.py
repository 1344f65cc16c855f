"""Cases for the rules of objectives: input series and expected results, written by hand, not by the generator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

RESET = "reset"
Phase = tuple[int, int, int] | str
"""A number of minutes with good and bad events each, or a counter reset to 0, as after a restart."""
Series = dict[str, str]

_API = (
    'http_server_request_duration_seconds_%s{job="api", instance="api-1", http_request_method="POST",'
    ' http_route="/api/v1/orders", http_response_status_code="%s"%s}'
)
_PAYMENT = 'http_client_request_duration_seconds_count{job="worker", http_response_status_code="%s"}'
_TAKEN = 'otelcol_receiver_accepted_log_records{job="collector", receiver="file_log"}'


@dataclass(frozen=True)
class Known:
    """A hand-written objective: its alert, its limits in percent, its events."""

    slo: str
    service: str
    alert: str
    objective: float
    limits: dict[str, float]
    """The percentage of bad events above which each tier fires."""
    good: tuple[str, ...]
    """Series that increase with each good event."""
    bad: str
    """The series that increases with each bad event; none if the bad events are a difference of two series."""
    both: tuple[str, ...] = ()
    """Series that increase with every event."""


def _limits(*percent: float) -> dict[str, float]:
    return dict(zip(("ticket-slow", "ticket-fast", "page-slow", "page-fast"), percent, strict=False))


KNOWN = [
    Known(
        "api-availability", "api", "ApiAvailabilityBurn", 99.9, _limits(0.1, 0.3, 0.6, 1.44),
        good=(_API % ("count", "202", ""),), bad=_API % ("count", "503", ""),
    ),
    Known(
        "api-latency", "api", "ApiLatencyBurn", 99.9, _limits(0.1, 0.3, 0.6, 1.44),
        good=(_API % ("bucket", "202", ', le="0.5"'),), bad="", both=(_API % ("count", "202", ""),),
    ),
    Known(
        "order-placement", "orders", "OrderPlacementBurn", 99.95, _limits(0.05, 0.15, 0.3, 0.72),
        good=(_API % ("count", "202", ""),), bad=_API % ("count", "500", ""),
    ),
    Known(
        "order-freshness", "orders", "OrderFreshnessBurn", 99.5, _limits(0.5, 1.5, 3, 7.2),
        good=('shop_order_freshness_checks_total{freshness="fresh"}',),
        bad='shop_order_freshness_checks_total{freshness="late"}',
    ),
    Known(
        "payment-success", "payments", "PaymentSuccessBurn", 99.5, _limits(0.5, 1.5, 3, 7.2),
        good=(_PAYMENT % "201",), bad=_PAYMENT % "0",
    ),
    Known(
        "log-delivery", "telemetry", "LogDeliveryBurn", 99.9, _limits(0.1, 0.3),
        good=('telemetry_log_lines_total{job="api", outcome="written"}', _TAKEN),
        bad='telemetry_log_lines_total{job="api", outcome="lost"}',
    ),
    Known(
        "span-delivery", "telemetry", "SpanDeliveryBurn", 99, _limits(1, 3),
        good=('telemetry_spans_exported_total{job="api", outcome="sent"}',),
        bad='telemetry_spans_exported_total{job="api", outcome="lost"}',
    ),
]  # fmt: skip

PENDING = {"page-fast": "3m", "page-slow": "5m", "ticket-fast": "10m", "ticket-slow": "60m"}
"""How long each tier waits before it fires."""
MANY = 100_000
"""Events per minute: enough for percentages with three digits."""


def series(known: Known, phases: Sequence[Phase], errors: bool = True) -> list[Series]:
    """Return promtool's input for an objective; without ``errors``, the series of bad events is missing."""
    rises: list[tuple[str, Callable[[int, int], int]]] = [(name, lambda good, _: good) for name in known.good]
    rises += [(name, lambda good, bad: good + bad) for name in known.both]
    if known.bad and errors:
        rises.append((known.bad, lambda _, bad: bad))
    return [{"series": name, "values": _values(phases, rise)} for name, rise in rises]


def _values(phases: Sequence[Phase], rise: Callable[[int, int], int]) -> str:
    parts, total = ["0"], 0
    for phase in phases:
        if isinstance(phase, str):
            total = 0
            continue
        minutes, good, bad = phase
        each = rise(good, bad)
        parts.append(f"{total + each}+{each}x{minutes - 1}")
        total += each * minutes
    return " ".join(parts)


def at(percent: float, minutes: int) -> Phase:
    """Return minutes in which this percentage of the events is bad."""
    bad = round(MANY * percent / 100)
    return minutes, MANY - bad, bad


def fires(known: Known, when: str, *tiers: str) -> dict[str, Any]:
    """Return a test that exactly these tiers fire at this time."""
    return {
        "expr": f'count by (tier) (ALERTS{{alertname="{known.alert}", alertstate="firing"}})',
        "eval_time": when,
        "exp_samples": [{"labels": f'{{tier="{tier}"}}', "value": 1} for tier in tiers if tier in known.limits],
    }


def case(name: str, given: list[Series], *expected: dict[str, Any], interval: str = "1m") -> dict[str, Any]:
    """Return one test in promtool's format."""
    return {"name": name, "interval": interval, "input_series": given, "promql_expr_test": list(expected)}
