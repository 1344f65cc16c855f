"""Alerts on targets and requests: each fires for its cause, alone, with its value and limit, and only then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from glasshouse_observability.monitoring.rules import file
from library_support.alert_cases import BAD, GOOD, HTTP, JOB, MAIL, SERVICE, WEB, WORKER, Case, Fires, constant, rising
from library_support.promtool import check_cases

WEB_UP, WORKER_UP = f"up{{{WEB}}}", f"up{{{WORKER}}}"
COUNT = f"{HTTP}_count{{{WEB}, {GOOD}}}"
RED = {"severity": "page"}
LATENCY, ERRORS = f'{HTTP}_bucket{{{WEB}, {GOOD}, le="0.5"}}', f"{HTTP}_count{{{WEB}, {BAD}}}"

FIRING = [
    Case(
        "no web process responds",
        {WEB_UP: "1x20 0x60"},
        "20m",
        (
            Fires(
                "ServiceDown",
                {"severity": "page", "role": "web"},
                "shop: no web process responds to Prometheus (up is 0 for every target, limit 1)",
            ),
        ),
        without=("http_", "telemetry_spans_exported_total", "telemetry_log_lines_total"),
    ),
    Case(
        "the selector of the workers matches no target",
        {},
        "10m",
        (
            Fires(
                "ServiceAbsent",
                {"severity": "page", "role": "worker", "job": "worker"},
                "shop: Prometheus has no worker target (0 targets, limit 1)",
            ),
        ),
        without=(WORKER_UP,),
    ),
    Case(
        "one of two web processes does not respond",
        {'up{job="web", instance="web-2"}': "1x20 0x60"},
        "20m",
        (
            Fires(
                "ServiceInstanceDown",
                {"severity": "ticket", "role": "web", "job": "web", "instance": "web-2"},
                "shop: web-2 does not respond to Prometheus (up is 0, limit 1)",
            ),
        ),
    ),
    Case(
        "a worker restarts every two minutes",
        {f"process_start_time_seconds{{{WORKER}}}": "1x3 2x3 3x3 4x3 5x40"},
        "15m",
        (
            Fires(
                "ProcessRestarting",
                {"severity": "ticket", "role": "worker", "job": "worker", "instance": "worker-1"},
                "shop: worker-1 restarted 4 times in 30 minutes, limit 3",
            ),
        ),
    ),
    Case(
        "the web processes run without instrument_flask",
        {},
        "20m",
        (
            Fires(
                "MetricsAbsent",
                {"severity": "ticket", "metric": HTTP},
                f"shop: {HTTP} has 0 of the expected series, limit 1; alerts on it cannot fire",
            ),
        ),
        without=("http_server",),
    ),
    Case(
        "the histogram has other buckets, so slow requests cannot be counted",
        {},
        "20m",
        (
            Fires(
                "MetricsAbsent",
                {"severity": "ticket", "metric": HTTP},
                f"shop: {HTTP} has 0 of the expected series, limit 1; alerts on it cannot fire",
            ),
        ),
        without=(f"{HTTP}_bucket",),
    ),
    Case(
        "the workers run without instrument_rq",
        {},
        "20m",
        (
            Fires(
                "MetricsAbsent",
                {"severity": "ticket", "metric": "rq_queue_scrape_errors_total"},
                "shop: rq_queue_scrape_errors_total has 0 of the expected series, limit 1; alerts on it cannot fire",
            ),
        ),
        without=("rq_",),
    ),
]

FIRING += [
    Case(
        "every tenth request fails",
        {ERRORS: rising(11), f'{HTTP}_bucket{{{WEB}, {BAD}, le="0.5"}}': rising(11)},
        "10m",
        (
            Fires(
                "HttpErrorRatioHigh",
                RED,
                "shop: 9.91% of the requests fail with a 5xx status, limit 5%",
            ),
        ),
    ),
    Case(
        "the first errors of a status that was never seen before",
        {
            f'{HTTP}_count{{{WEB}, http_response_status_code="502"}}': "_x20 1+25x60",
            f'{HTTP}_bucket{{{WEB}, http_response_status_code="502", le="0.5"}}': "_x20 1+25x60",
        },
        "20m",
        (Fires("HttpErrorRatioHigh", RED, "shop: 20% of the requests fail with a 5xx status, limit 5%"),),
    ),
    Case(
        "six of ten requests are slow",
        {LATENCY: rising(40)},
        "10m",
        (Fires("HttpLatencyHigh", RED, "shop: 60% of the requests take longer than 0.5 s, limit 25%"),),
    ),
]

ONE_JOB = replace(SERVICE, jobs=SERVICE.web)
"""Web processes and workers are one job of the scrape configuration, or there are no workers."""

FIRING.append(
    Case(
        "workers that are scraped with the web processes have disappeared",
        {
            f"rq_queue_scrape_errors_total{{{WEB}}}": "0x20 _x100",
            f'{JOB}_count{{{WEB}, {MAIL}, outcome="finished"}}': "0+9x20 _x100",
        },
        "40m",
        (
            Fires(
                "MetricsAbsent",
                {"severity": "ticket", "metric": "rq_queue_scrape_errors_total"},
                "shop: rq_queue_scrape_errors_total has 0 of the expected series, limit 1; alerts on it cannot fire",
            ),
        ),
        service=ONE_JOB,
    )
)
SILENT = [
    Case("an application that has never had a worker", {}, "40m", without=("rq_",), service=ONE_JOB),
    Case("a healthy service", {}, "60m"),
    Case("no traffic for an hour", {COUNT: "0+10x20 200x200", LATENCY: "0+10x20 200x200"}, "80m"),
    Case("no request ever", {COUNT: constant(0), LATENCY: constant(0)}, "80m"),
    Case("five percent of the requests are slow", {LATENCY: rising(95)}, "4m"),
    Case(
        "the web process restarts: its counters begin at zero, and two scrapes fail",
        {
            WEB_UP: "1x20 0x1 1x60",
            f"process_start_time_seconds{{{WEB}}}": "1x20 _x1 2x60",
            COUNT: "0+100x20 _x1 0+100x60",
            ERRORS: "0x20 _x1 0x60",
            LATENCY: "0+100x20 _x1 0+100x60",
        },
        "12m",
    ),
    Case("Prometheus has just started and has no sample yet", {}, "0m"),
    Case("four requests of four failed in a quiet time", {
        COUNT: constant(0), LATENCY: constant(0), ERRORS: "0 0+1x4 4x60",
        f'{HTTP}_bucket{{{WEB}, {BAD}, le="0.5"}}': "0 0+1x4 4x60",
    }, "5m"),
    Case(
        "probes that answer 503 and are slow do not count",
        {
            f'{HTTP}_count{{{WEB}, http_route="/readyz", http_response_status_code="503"}}': rising(100),
            f'{HTTP}_bucket{{{WEB}, http_route="/readyz", http_response_status_code="503", le="0.5"}}': rising(10),
        },
        "60m",
    ),
    Case(
        "errors of another job of the same Prometheus",
        {f'{HTTP}_count{{job="other", {BAD}}}': rising(100)},
        "60m",
    ),
    Case("4xx statuses are errors of the client", {
        f'{HTTP}_count{{{WEB}, http_response_status_code="404"}}': rising(100),
        f'{HTTP}_bucket{{{WEB}, http_response_status_code="404", le="0.5"}}': rising(100),
    }, "60m"),
]  # fmt: skip


@pytest.mark.parametrize("case", [*FIRING, *SILENT], ids=lambda case: case.name)
def test_exactly_the_expected_alerts_fire(tmp_path: Path, case: Case) -> None:
    """An alert fires for its cause, without any other alert; without a cause no alert fires."""
    check_cases(tmp_path, file.text(case.service, "test"), case.test())


def test_a_case_with_a_wrong_expectation_fails(tmp_path: Path) -> None:
    """The cases can fail: an outage is not silent."""
    with pytest.raises(AssertionError, match="ServiceDown"):
        check_cases(tmp_path, file.text(SERVICE, "test"), Case("wrong", {WEB_UP: constant(0)}, "20m").test())
