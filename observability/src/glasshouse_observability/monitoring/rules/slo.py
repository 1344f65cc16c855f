"""Objectives: the recorded series of each, and one alert per tier.

Errors and events are recorded separately and their sums are divided, so that a busy hour has more weight than a quiet
one. Without events there is no ratio, instead of NaN. The names of the series are those of other generators (Sloth).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from glasshouse_observability.monitoring import promql, tiers
from glasshouse_observability.monitoring.promql import Selector
from glasshouse_observability.monitoring.rules.alert import Rule, alert
from glasshouse_observability.monitoring.rules.jobs import FAILURES
from glasshouse_observability.monitoring.service import Service
from glasshouse_observability.monitoring.tiers import TIERS, Tier

_HTTP = "http_server_request_duration_seconds"


@dataclass(frozen=True)
class Objective:
    """One objective; ``events`` and ``errors`` are expressions with ``WINDOW`` for the window."""

    slo: str
    alert: str
    budget: Decimal
    events: str
    errors: str
    bad: str
    first_step: str


def objectives(service: Service) -> Iterator[Objective]:
    """Yield the objectives of the parts that the service uses."""
    if not service.has("slo"):
        return
    if service.has("http"):
        yield _availability(service)
        yield _latency(service)
    if service.has("jobs"):
        yield _jobs(service)


def _availability(service: Service) -> Objective:
    routes = service.routes()
    errors = _rate(service.web, f"{_HTTP}_count", routes, 'http_response_status_code=~"5.."')
    return Objective(
        "availability",
        "AvailabilityBudgetBurn",
        tiers.budget("--availability", service.availability),
        _rate(service.web, f"{_HTTP}_count", routes),
        # No request has failed yet: 0 errors, not an unknown number of them.
        f"{errors}\nor 0 * {_rate(service.web, f'{_HTTP}_count', routes)}",
        "requests fail with a 5xx status",
        "Find the failing route (dashboard, row Requests) and read the exceptions in its log lines.",
    )


def _latency(service: Service) -> Objective:
    events = _rate(service.web, f"{_HTTP}_count", service.routes())
    within = _rate(service.web, f"{_HTTP}_bucket", service.routes(), promql.boundary(service.latency_seconds))
    return Objective(
        "latency",
        "LatencyBudgetBurn",
        tiers.budget("--latency-objective", service.latency),
        events,
        # Differences of extrapolated rates may be slightly below 0.
        f"clamp_min({events}\n- {within}, 0)",
        f"requests take longer than {service.latency_seconds:g} s",
        "Find the slow route (dashboard, row Requests) and open the trace of an exemplar.",
    )


def _jobs(service: Service) -> Objective:
    # A worker that has run no job yet has no series of jobs, but it has the one of its queues.
    events = (
        f"{_rate(service.jobs, 'rq_job_duration_seconds_count')}\n"
        f"or 0 * group({service.jobs.of('rq_queue_scrape_errors_total')})"
    )
    return Objective(
        "jobs",
        "JobBudgetBurn",
        tiers.budget("--job-objective", service.job_success),
        events,
        f"{_rate(service.jobs, 'rq_job_duration_seconds_count', FAILURES)}\n"
        f"or 0 * group({service.jobs.of('rq_queue_scrape_errors_total')})",
        "jobs fail",
        "Find the failing job (dashboard, row Jobs) and read the log lines with event=rq.job_failed.",
    )


def _rate(selector: Selector, metric: str, *more: str) -> str:
    return promql.rate(selector.of(metric, *more), "WINDOW")


class ObjectiveRules:
    """The rules of one objective."""

    def __init__(self, service: Service, objective: Objective) -> None:
        self._service, self._objective = service, objective
        self._labels = {"slo": objective.slo, "service": service.name}
        self._series = Selector(f'slo="{objective.slo}", service={promql.quoted(service.name)}')

    def often(self) -> Iterator[Rule]:
        """Yield the rules of every window except the period, and the alerts, which read what was just recorded."""
        yield self._record("slo:objective:ratio", f"vector({1 - self._objective.budget:f})")
        for window in tiers.windows():
            yield from self._window(window)
        for tier in TIERS:
            yield self._alert(tier)

    def rarely(self) -> Iterator[Rule]:
        """Yield the rules of the whole period and of the budget that remains of it."""
        yield from self._sums(tiers.PERIOD)
        yield self._ratio(tiers.PERIOD)
        ratio = self._series.of(f"slo:sli_error:ratio_rate{tiers.PERIOD}")
        yield self._record("slo:period_error_budget_remaining:ratio", f"1 - {ratio} / {self._objective.budget:f}")

    def _record(self, name: str, expr: str) -> Rule:
        return {"record": name, "expr": expr, "labels": self._labels}

    def _window(self, window: str) -> Iterator[Rule]:
        if window in tiers.COUNTED:
            yield self._record(f"slo:sli_events:rate{window}", self._objective.events.replace("WINDOW", window))
            yield self._record(f"slo:sli_errors:rate{window}", self._objective.errors.replace("WINDOW", window))
        else:
            yield from self._sums(window)
        yield self._ratio(window)

    def _sums(self, window: str) -> Iterator[Rule]:
        # Not an average, which on a new Prometheus would report the rate of a few minutes as the rate of days.
        every, length = tiers.seconds(tiers.EVERY), tiers.seconds(window)
        for kind in ("slo:sli_events:rate", "slo:sli_errors:rate"):
            recorded = self._series.of(f"{kind}{tiers.COUNTED[0]}")
            yield self._record(f"{kind}{window}", f"sum_over_time({recorded}[{window}]) * {every} / {length}")

    def _ratio(self, window: str) -> Rule:
        errors, events = (self._series.of(f"slo:{kind}:rate{window}") for kind in ("sli_errors", "sli_events"))
        return self._record(f"slo:sli_error:ratio_rate{window}", f"{errors}\n/ ({events} > 0)")

    def _alert(self, tier: Tier) -> Rule:
        objective = self._objective
        limit = (tier.factor * objective.budget).normalize()
        long, short = (self._series.of(f"slo:sli_error:ratio_rate{window}") for window in (tier.long, tier.short))
        errors = self._series.of(f"slo:sli_errors:rate{tier.long}")
        return alert(
            self._service,
            objective.alert,
            # Half an event less, because a rate is extrapolated from the samples in its window.
            f"{long} > {limit:f}\nand {short} > {limit:f}\n"
            f"and {errors} * {tiers.seconds(tier.long)} > {tiers.FEWEST - 0.5}",
            severity=tier.severity,
            for_=tier.for_,
            keep=tier.keep,
            summary=f"{{{{ $value | humanizePercentage }}}} of the {objective.bad} over {tier.long},"
            f" limit {(limit * 100).normalize():f}% ({tier.factor} times the objective's share)",
            first_step=objective.first_step,
            slo=objective.slo,
            tier=tier.name,
        )
