"""Alerts on jobs, databases, called services and telemetry: each fires for its cause, alone, and only then."""

from __future__ import annotations

from pathlib import Path

import pytest

from glasshouse_observability.monitoring.rules import file
from library_support.alert_cases import (
    CALL,
    DATABASE,
    JOB,
    MAIL,
    POOL,
    SERVICE,
    WAIT,
    WEB,
    WORKER,
    Case,
    Fires,
    constant,
    rising,
)
from library_support.promtool import check_cases

TICKET = {"severity": "ticket"}
OF_MAIL = {**TICKET, "queue": "mail", "exported_job": "tasks.send"}
AGE = f'rq_queue_oldest_job_age_seconds{{{WORKER}, queue="mail"}}'
FAILED = f'{JOB}_count{{{WORKER}, {MAIL}, outcome="failed"}}'
CRASHED = f'{JOB}_count{{{WORKER}, {MAIL}, outcome="crashed"}}'
FINISHED = f'{JOB}_count{{{WORKER}, {MAIL}, outcome="finished"}}'
UNREADABLE = f"rq_queue_scrape_errors_total{{{WORKER}}}"
REDIS_ERROR = f'{DATABASE}_count{{{WEB}, db_system_name="redis", db_operation_name="GET", error_type="TimeoutError"}}'
WAITED, TIMED_OUT = f"{WAIT}_count{{{WEB}, {POOL}}}", f"db_client_connection_timeouts_total{{{WEB}, {POOL}}}"
NO_RESPONSE = (
    f'{CALL}_count{{{WORKER}, server_address="pay", http_request_method="POST", http_response_status_code="0"}}'
)
SPANS = f'telemetry_spans_exported_total{{{WEB}, outcome="lost"}}'
LINES = f'telemetry_log_lines_total{{{WEB}, outcome="lost"}}'
OVERFLOW = f'telemetry_label_overflow_total{{{WEB}, metric="m_total", label="l"}}'

JOBS = [
    Case(
        "every fifth job fails",
        {FAILED: "0+2x240", FINISHED: "0+8x240"},
        "30m",
        (Fires("JobsFailing", OF_MAIL, "shop: 20% of the jobs tasks.send in queue mail fail, limit 10%"),),
    ),
    Case(
        "a job that was never seen before fails five times between two scrapes",
        {f'{JOB}_count{{{WORKER}, queue="mail", exported_job="tasks.new", outcome="failed"}}': "_x150 5x60"},
        "80m",
        (
            Fires(
                "JobsFailing",
                {**OF_MAIL, "exported_job": "tasks.new"},
                "shop: 100% of the jobs tasks.new in queue mail fail, limit 10%",
            ),
        ),
    ),
    Case(
        "a work horse is killed, in a worker whose series starts at zero",
        {CRASHED: "0x20 1x80"},
        "12m",
        (
            Fires(
                "JobsCrashed",
                OF_MAIL,
                "shop: 1 jobs tasks.send in queue mail ended with their process in 15 minutes, limit 0",
            ),
        ),
    ),
    Case(
        "a job whose name is new is abandoned",
        {f'{JOB}_count{{{WORKER}, queue="mail", exported_job="tasks.new", outcome="abandoned"}}': "_x60 1x60"},
        "35m",
        (
            Fires(
                "JobsCrashed",
                {**OF_MAIL, "exported_job": "tasks.new"},
                "shop: 1 jobs tasks.new in queue mail ended with their process in 15 minutes, limit 0",
            ),
        ),
    ),
    Case(
        "more jobs than the workers can process",
        {AGE: "0+15x120"},
        "20m",
        (
            Fires(
                "JobQueueOld",
                {**TICKET, "queue": "mail"},
                "shop: the oldest job in queue mail has waited 10m 0s, limit 300 s",
            ),
        ),
    ),
    Case(
        "no worker takes jobs",
        {AGE: "0x20 0+30x60"},
        "18m",
        (
            Fires(
                "JobQueueOld",
                {**TICKET, "queue": "mail"},
                "shop: the oldest job in queue mail has waited 7m 30s, limit 300 s",
            ),
            Fires(
                "JobQueueStalled",
                {"severity": "page", "queue": "mail"},
                "shop: no worker takes jobs from queue mail; the oldest has waited 7m 30s, limit 300 s",
            ),
        ),
    ),
    Case(
        "Redis does not respond to the workers",
        {UNREADABLE: "0x20 0+1x60", AGE: "0x20 _x60"},
        "20m",
        (Fires("JobQueueUnreadable", TICKET, "shop: the queues could not be read 10 times in 5 minutes, limit 0"),),
    ),
]
CLIENTS = [
    Case(
        "every tenth Redis command fails",
        {REDIS_ERROR: rising(11)},
        "10m",
        (
            Fires(
                "DatabaseErrors",
                {**TICKET, "role": "web", "db_system_name": "redis"},
                "shop: 9.91% of the operations on redis fail, limit 5%",
            ),
        ),
    ),
    Case(
        "every fourth operation waits long for a connection",
        {f'{WAIT}_bucket{{{WEB}, {POOL}, le="0.5"}}': rising(75)},
        "10m",
        (
            Fires(
                "DatabasePoolExhausted",
                {**TICKET, "role": "web", "db_client_connection_pool_name": "shop"},
                "shop: 25% of the operations wait longer than 0.5 s for a connection of the pool shop, limit 5%",
            ),
        ),
    ),
    Case(
        "every fifth operation gets no connection",
        {TIMED_OUT: rising(25)},
        "10m",
        (
            Fires(
                "DatabasePoolExhausted",
                {**TICKET, "role": "web", "db_client_connection_pool_name": "shop"},
                "shop: 20% of the operations wait longer than 0.5 s for a connection of the pool shop, limit 5%",
            ),
        ),
    ),
    Case(
        "half of the calls to the payment service get no response",
        {NO_RESPONSE: rising(20)},
        "10m",
        (
            Fires(
                "HttpClientErrors",
                {**TICKET, "role": "worker", "server_address": "pay"},
                "shop: 50% of the requests to pay fail, limit 10%",
            ),
        ),
    ),
]
TELEMETRY = [
    Case(
        "the OTLP receiver rejects spans",
        {SPANS: "0x20 0+3x60"},
        "15m",
        (
            Fires(
                "SpansLost",
                {**TICKET, "role": "web", "instance": "web-1"},
                "shop: 27 spans of web-1 were lost in 15m, limit 0",
            ),
        ),
    ),
    Case(
        "the log file's file system is full",
        {LINES: "0x20 0+3x60"},
        "15m",
        (
            Fires(
                "LogLinesLost",
                {**TICKET, "role": "web", "instance": "web-1"},
                "shop: 27 log lines of web-1 were lost in 15m, limit 0",
            ),
        ),
    ),
    Case(
        "a label has too many values",
        {OVERFLOW: "0x20 7x60"},
        "15m",
        (
            Fires(
                "LabelsOverflowing",
                {**TICKET, "role": "web", "metric": "m_total", "label": "l"},
                "shop: 7 observations of m_total were counted under other values of l in 15m, limit 0",
            ),
        ),
    ),
    Case(
        "the first error of the telemetry creates its series",
        {f'telemetry_errors_total{{{WEB}, where="flask.response"}}': "_x60 2x60"},
        "35m",
        (
            Fires(
                "TelemetryErrors",
                {**TICKET, "role": "web", "where": "flask.response"},
                "shop: 2 errors of the telemetry occurred in flask.response in 15m, limit 0",
            ),
        ),
    ),
]
SILENT = [
    Case("two jobs of two failed in a quiet time", {FINISHED: constant(0), FAILED: "0x20 1x2 2x60"}, "20m"),
    Case("jobs that were stopped or are retried have not failed", {
        f'{JOB}_count{{{WORKER}, {MAIL}, outcome="stopped"}}': rising(10),
        f'{JOB}_count{{{WORKER}, {MAIL}, outcome="retried"}}': rising(10),
    }, "30m"),
    Case("a worker that has run no job yet", {}, "30m", without=(JOB,)),
    Case("a worker restarts and its counters begin at zero", {
        f"up{{{WORKER}}}": "1x40 0x1 1x60", FINISHED: "0+10x40 _x1 0+10x60", CRASHED: "3x40 _x1 0x60",
        FAILED: "5x40 _x1 0x60", UNREADABLE: "4x40 _x1 0x60",
    }, "30m"),
    Case("old counts of processes that Prometheus scrapes for the first time", {
        CRASHED: constant(9), SPANS: constant(9), LINES: constant(9), OVERFLOW: constant(9),
        f'telemetry_errors_total{{{WEB}, where="flask.response"}}': constant(9),
    }, "10m"),
    Case("an instance joins with counts of a time before it was scraped", {
        'up{job="web", instance="web-2"}': "_x60 1x60",
        'telemetry_spans_exported_total{job="web", instance="web-2", outcome="lost"}': "_x60 0x60",
    }, "35m"),
    Case("one error was 20 minutes ago", {SPANS: "0x20 1x100", CRASHED: "0x20 1x100"}, "35m"),
    Case("one failed scrape of the queues", {UNREADABLE: "0x20 1x60"}, "20m"),
    Case("a job waits four minutes and is taken", {AGE: "0x20 0+30x8 0x60"}, "16m"),
    Case("four errors of four operations in a quiet time", {
        f'{DATABASE}_count{{{WEB}, db_system_name="redis", db_operation_name="GET", error_type=""}}': constant(0),
        REDIS_ERROR: "0x10 0+1x4 4x60", NO_RESPONSE: "0x10 0+1x4 4x60", TIMED_OUT: "0x10 0+1x4 4x60",
        WAITED: constant(0), f'{WAIT}_bucket{{{WEB}, {POOL}, le="0.5"}}': constant(0),
    }, "8m"),
    Case("no operation for an hour", {
        f'{DATABASE}_count{{{WEB}, db_system_name="redis", db_operation_name="GET", error_type=""}}': "0+9x20 180x200",
        WAITED: "0+9x20 180x200", f'{WAIT}_bucket{{{WEB}, {POOL}, le="0.5"}}': "0+9x20 180x200",
        FINISHED: "0+9x20 180x200",
    }, "60m"),
    Case("a called service that answers 404", {
        f'{CALL}_count{{{WORKER}, server_address="pay", http_response_status_code="404"}}': rising(50),
    }, "30m"),
    Case("an application without databases, jobs' failures and outgoing requests", {}, "30m",
         without=("db_client", "http_client")),
]  # fmt: skip


@pytest.mark.parametrize("case", [*JOBS, *CLIENTS, *TELEMETRY, *SILENT], ids=lambda case: case.name)
def test_exactly_the_expected_alerts_fire(tmp_path: Path, case: Case) -> None:
    """An alert fires for its cause, without any other alert; without a cause no alert fires."""
    check_cases(tmp_path, file.text(SERVICE, "test"), case.test())
