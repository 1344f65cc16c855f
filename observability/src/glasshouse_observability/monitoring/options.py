"""The options of the commands."""

from __future__ import annotations

import argparse
from decimal import Decimal, InvalidOperation
from pathlib import Path

from glasshouse_observability.metrics.buckets import LATENCY_BUCKETS
from glasshouse_observability.monitoring import promql
from glasshouse_observability.monitoring.errors import WrongOption
from glasshouse_observability.monitoring.service import PARTS, PROBES, RUNBOOKS, Service


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the options that describe the application, and those of the output."""
    parser.add_argument("--service", required=True, metavar="NAME", help="name of the application: the label service")
    parser.add_argument(
        "--selector", metavar="MATCHERS", help='labels of its scrape targets in Prometheus (default: job="NAME")'
    )
    parser.add_argument(
        "--jobs-selector",
        metavar="MATCHERS",
        help="labels of the RQ workers' targets, if they are another job of the scrape configuration"
        " (default: that of --selector)",
    )
    parser.add_argument(
        "--without",
        metavar="PART",
        action="append",
        default=[],
        choices=PARTS,
        help=f"leave out what the application does not use; one of {', '.join(PARTS)}; may be repeated",
    )
    objectives = parser.add_argument_group("objectives over 30 days, in percent")
    objectives.add_argument(
        "--availability", metavar="PERCENT", type=_percent, default=Service.availability,
        help="requests that do not fail with a 5xx status (default: %(default)s)",
    )  # fmt: skip
    objectives.add_argument(
        "--latency-objective", metavar="PERCENT", type=_percent, default=Service.latency,
        help="requests that take at most --latency-seconds (default: %(default)s)",
    )  # fmt: skip
    objectives.add_argument(
        "--job-objective", metavar="PERCENT", type=_percent, default=Service.job_success,
        help="executions of jobs that do not fail or crash (default: %(default)s)",
    )  # fmt: skip
    limits = parser.add_argument_group("limits")
    limits.add_argument(
        "--latency-seconds", metavar="SECONDS", type=float, default=Service.latency_seconds,
        help="a request that takes longer is slow; a bucket boundary of the histogram:"
        f" {', '.join(f'{bound:g}' for bound in LATENCY_BUCKETS)} (default: %(default)s)",
    )  # fmt: skip
    limits.add_argument(
        "--queue-age-seconds", metavar="SECONDS", type=int, default=Service.queue_age_seconds,
        help="a job that waits longer is late (default: %(default)s)",
    )  # fmt: skip
    limits.add_argument(
        "--exclude-routes", metavar="REGEX", default=PROBES,
        help="routes that do not count, such as probes, which fail by design, and streams, which are long;"
        " \"\" for none (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--runbook-url",
        metavar="URL",
        default=RUNBOOKS,
        help="address of the runbooks; {alert} is replaced by the name of the alert, otherwise #name is added"
        " (default: %(default)s)",
    )
    parser.add_argument(
        "--output", metavar="FILE", type=Path, help="file to write, replaced as a whole (default: standard output)"
    )


def _percent(text: str) -> Decimal:
    try:
        percent = Decimal(text.removesuffix("%"))
    except InvalidOperation:
        percent = Decimal("NaN")
    if not percent.is_finite():
        raise argparse.ArgumentTypeError(f"{text!r} is not a percentage such as 99.9")
    return percent


def service(asked: argparse.Namespace) -> Service:
    """Return the application that the options describe.

    Raises:
        WrongOption: an option has a value that cannot be used.
    """
    web = promql.selector("--selector", asked.selector or f"job={promql.quoted(asked.service)}")
    jobs = promql.selector("--jobs-selector", asked.jobs_selector) if asked.jobs_selector else web
    parts = frozenset(PARTS) - set(asked.without)
    if asked.jobs_selector and "jobs" not in parts:
        raise WrongOption("--jobs-selector has no effect with --without jobs; leave one of them out")
    return Service(
        name=asked.service,
        web=web,
        jobs=jobs,
        parts=parts,
        availability=asked.availability,
        latency_seconds=asked.latency_seconds,
        latency=asked.latency_objective,
        job_success=asked.job_objective,
        queue_age_seconds=asked.queue_age_seconds,
        excluded=asked.exclude_routes,
        runbooks=asked.runbook_url,
    )
