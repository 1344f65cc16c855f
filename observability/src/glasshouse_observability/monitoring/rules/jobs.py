"""Alerts on RQ: jobs that fail, and queues that are not consumed.

Prometheus renames the label ``job`` of these metrics to ``exported_job``, because ``job`` is the label of the target.
"""

from __future__ import annotations

from collections.abc import Iterator

from glasshouse_observability.monitoring import promql
from glasshouse_observability.monitoring.rules.alert import PAGE, TICKET, Rule, alert
from glasshouse_observability.monitoring.service import Service

FAILED_RATIO, FEWEST_FAILED = 0.1, 3
FAILURES = 'outcome=~"failed|crashed|abandoned"'
DEATHS = 'outcome=~"crashed|abandoned"'
_COUNT = "rq_job_duration_seconds_count"
_AGE = "rq_queue_oldest_job_age_seconds"


def rules(service: Service) -> Iterator[Rule]:
    """Yield the alerts. Every worker exports the same numbers of its queues, so these are aggregated with ``max``."""
    yield from _ended(service)
    yield from _waiting(service)


def _ended(service: Service) -> Iterator[Rule]:
    by = "queue, exported_job"
    up = service.jobs.of("up")
    failed = promql.increased(service.jobs.of(_COUNT, FAILURES), up, "1h", by)
    yield alert(
        service,
        "JobsFailing",
        f"{failed}\n/ ({promql.increased(service.jobs.of(_COUNT), up, '1h', by)} > 0)\n> {FAILED_RATIO}\n"
        f"and {failed} > {FEWEST_FAILED - 0.5}",
        severity=TICKET,
        for_="1m",
        summary="{{ $value | humanizePercentage }} of the jobs {{ $labels.exported_job }} in queue {{ $labels.queue }}"
        f" fail, limit {FAILED_RATIO:.0%}",
        first_step="Read the log lines with event=rq.job_failed; requeue the jobs with `rq requeue` after the repair.",
    )
    yield alert(
        service,
        "JobsCrashed",
        f"{promql.increased(service.jobs.of(_COUNT, DEATHS), up, '15m', by)} > 0",
        severity=TICKET,
        for_="0s",
        summary='{{ $value | printf "%.0f" }} jobs {{ $labels.exported_job }} in queue {{ $labels.queue }} ended with'
        " their process in 15 minutes, limit 0",
        first_step="Look for killed processes (memory, `dmesg`) and for job time limits at the time of the crash.",
    )


def _waiting(service: Service) -> Iterator[Rule]:
    age, limit = service.jobs.of(_AGE), service.queue_age_seconds
    yield alert(
        service,
        "JobQueueOld",
        f"max by (queue) ({age}) > {limit}",
        severity=TICKET,
        for_="1m",
        summary="the oldest job in queue {{ $labels.queue }} has waited {{ $value | humanizeDuration }},"
        f" limit {limit} s",
        first_step="Compare enqueued and finished jobs (dashboard, row Jobs); start more workers or make jobs shorter.",
    )
    # The age grows by one second per second only while no worker takes a job from the queue.
    yield alert(
        service,
        "JobQueueStalled",
        f"max by (queue) ({age}) > {limit}\nand min by (queue) (deriv({age}[5m])) > 0.9",
        severity=PAGE,
        for_="1m",
        summary="no worker takes jobs from queue {{ $labels.queue }}; the oldest has waited"
        f" {{{{ $value | humanizeDuration }}}}, limit {limit} s",
        first_step="Check that workers of this queue run (`rq info`) and what their current job is.",
    )
    errors = service.jobs.of("rq_queue_scrape_errors_total")
    yield alert(
        service,
        "JobQueueUnreadable",
        f"sum(increase({errors}[5m])) > 0",
        severity=TICKET,
        for_="5m",
        summary='the queues could not be read {{ $value | printf "%.0f" }} times in 5 minutes, limit 0',
        first_step="Check that Redis responds to the workers.",
    )
