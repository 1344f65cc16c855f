"""The description of the application that rules and dashboard are written for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from glasshouse_observability.metrics.buckets import LATENCY_BUCKETS
from glasshouse_observability.monitoring import promql, tiers
from glasshouse_observability.monitoring.errors import WrongOption
from glasshouse_observability.monitoring.promql import Selector

PARTS = ("http", "jobs", "databases", "http-client", "slo")
"""What can be left out: the metrics of a part of the library that the application does not use, or the objectives."""
PROBES = "/health|/healthz|/livez|/ready|/readyz|/ping|/metrics"
RUNBOOKS = "docs/library/rules.md"

_NAME = re.compile(r"\w(?:[\w ./:@+-]{0,98}[\w./:@+-])?")


@dataclass(frozen=True)
class Service:
    """One application: its series, its objectives, and the parts of the library that it uses.

    Objectives are percentages. ``jobs`` selects the RQ workers; it equals ``web`` if they are scraped as one job.
    """

    name: str
    web: Selector
    jobs: Selector
    parts: frozenset[str] = frozenset(PARTS)
    availability: Decimal = Decimal("99.9")
    latency_seconds: float = 0.5
    latency: Decimal = Decimal(99)
    job_success: Decimal = Decimal(99)
    queue_age_seconds: int = 300
    excluded: str = PROBES
    runbooks: str = RUNBOOKS

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            WrongOption: one of them cannot be used.
        """
        if not _NAME.fullmatch(self.name):
            raise WrongOption(f"--service {self.name!r}: use 1 to 100 letters, digits, spaces and . _ - / : @ +")
        if self.latency_seconds not in LATENCY_BUCKETS:
            raise WrongOption(
                f"--latency-seconds {self.latency_seconds:g} is not a bucket boundary of"
                " http_server_request_duration_seconds, so slower requests cannot be counted; use one of"
                f" {', '.join(f'{bound:g}' for bound in LATENCY_BUCKETS)}"
            )
        if self.queue_age_seconds < 1:
            raise WrongOption(f"--queue-age-seconds {self.queue_age_seconds}: use a number of seconds above 0")
        if self.has("slo"):
            for option, percent in (
                ("--availability", self.availability),
                ("--latency-objective", self.latency),
                ("--job-objective", self.job_success),
            ):
                tiers.budget(option, percent)
        promql.check_printable("--runbook-url", self.runbooks)
        if "{{" in self.runbooks:
            raise WrongOption(f"--runbook-url {self.runbooks!r}: Prometheus would expand {{{{ as a template")
        self.routes()

    def has(self, *parts: str) -> bool:
        """Return whether all these parts are included."""
        return self.parts.issuperset(parts)

    def routes(self) -> str:
        """Return the matcher that excludes the routes which do not count."""
        return promql.route_filter("--exclude-routes", self.excluded)

    def roles(self) -> list[tuple[str, Selector]]:
        """Return the targets by role; web and workers are one role if the same selector matches them."""
        if not self.has("jobs") or (self.web == self.jobs and self.has("http")):
            return [("service", self.web)]
        if not self.has("http"):
            return [("worker", self.jobs)]
        return [("web", self.web), ("worker", self.jobs)]

    def processes(self) -> list[Selector]:
        """Return the selectors of all processes, each once."""
        return list(dict.fromkeys(selector for _, selector in self.roles()))

    def runbook(self, alert: str) -> str:
        """Return the address of an alert's runbook."""
        if "{alert}" in self.runbooks:
            return self.runbooks.replace("{alert}", alert)
        return f"{self.runbooks}#{alert.lower()}"
