"""Rows of jobs, databases, and the processes with their telemetry."""

from __future__ import annotations

from glasshouse_observability.monitoring import promql
from glasshouse_observability.monitoring.dashboard import panels, queries
from glasshouse_observability.monitoring.dashboard.panels import Panel, Query, Row
from glasshouse_observability.monitoring.dashboard.queries import RATE, each, quantile, share
from glasshouse_observability.monitoring.rules import clients, jobs
from glasshouse_observability.monitoring.service import Service

_DATABASE = "db_client_operation_duration_seconds"
_WAIT = "db_client_connection_wait_time_seconds"


def jobs_row(service: Service) -> Row:
    """Return rate, failures and duration of jobs, and the state of the queues."""
    selector = queries.workers(service)
    count, buckets = selector.of("rq_job_duration_seconds_count"), selector.of("rq_job_duration_seconds_bucket")
    failed = selector.of("rq_job_duration_seconds_count", jobs.FAILURES)
    return Row(
        "Jobs",
        [
            Panel(
                "Jobs by outcome",
                "Executions of jobs that ended per second, by outcome.",
                panels.OPERATIONS,
                [Query(promql.rate(count, RATE, "outcome"), "{{outcome}}")],
                stacked=True,
            ),
            Panel(
                "Failed jobs",
                "Share of the executions of each job that failed or crashed. The line is the limit of JobsFailing.",
                panels.RATIO,
                [Query(share(failed, count, "queue, exported_job"), "{{queue}} {{exported_job}}")],
                limit=jobs.FAILED_RATIO,
            ),
            Panel(
                "p95 of job durations",
                "95 % of the executions of the job took at most this long.",
                panels.SECONDS,
                [Query(quantile(0.95, buckets, "queue, exported_job"), "{{queue}} {{exported_job}}")],
            ),
            Panel(
                "Jobs in the queues",
                "Jobs by queue and state. Failed jobs remain until someone requeues or deletes them.",
                panels.COUNT,
                [Query(f"max by (queue, state) ({selector.of('rq_queue_jobs')})", "{{queue}} {{state}}")],
            ),
            Panel(
                "Oldest waiting job",
                "Age of the oldest job that waits, by queue. A rise of one second per second means that no worker"
                " takes jobs. The line is the limit of JobQueueOld.",
                panels.SECONDS,
                [Query(f"max by (queue) ({selector.of('rq_queue_oldest_job_age_seconds')})", "{{queue}}")],
                limit=service.queue_age_seconds,
            ),
            Panel(
                "p95 of waiting times",
                "95 % of the jobs waited at most this long in the queue before a worker took them.",
                panels.SECONDS,
                [Query(quantile(0.95, selector.of("rq_job_wait_seconds_bucket"), "queue"), "{{queue}}")],
            ),
        ],
    )


def databases(service: Service) -> Row:
    """Return rate, errors and duration of operations, and the pools of connections."""
    by, legend = "db_system_name, db_operation_name", "{{db_system_name}} {{db_operation_name}}"
    count = f"{_DATABASE}_count{{SELECTED}}"
    failed = f'{_DATABASE}_count{{SELECTED, error_type!=""}}'
    return Row(
        "Databases",
        [
            Panel(
                "Operations",
                "Operations per second, by database system and operation.",
                panels.OPERATIONS,
                each(service, promql.rate(count, RATE, by), legend),
            ),
            Panel(
                "Failed operations",
                "Share of the operations that raise an error. The line is the limit of DatabaseErrors.",
                panels.RATIO,
                each(service, share(failed, count, "db_system_name"), "{{db_system_name}}"),
                limit=clients.ERROR_RATIO,
            ),
            Panel(
                "p95 of operations",
                "95 % of the operations took at most this long.",
                panels.SECONDS,
                each(service, quantile(0.95, f"{_DATABASE}_bucket{{SELECTED}}", by), legend),
            ),
            Panel(
                "Connections",
                "Connections of the pools by state (MongoDB). Only connections in use and none idle mean that"
                " operations may wait.",
                panels.COUNT,
                each(
                    service,
                    "sum by (db_client_connection_pool_name, state) (db_client_connection_count{SELECTED})",
                    "{{db_client_connection_pool_name}} {{state}}",
                ),
                width=12,
            ),
            Panel(
                "p95 of waits for a connection",
                "95 % of the operations waited at most this long for a connection of the pool (MongoDB)."
                " The line is the time of DatabasePoolExhausted.",
                panels.SECONDS,
                each(
                    service,
                    quantile(0.95, f"{_WAIT}_bucket{{SELECTED}}", "db_client_connection_pool_name"),
                    "{{db_client_connection_pool_name}}",
                ),
                limit=clients.WAIT_SECONDS,
                width=12,
            ),
        ],
    )


def processes(service: Service) -> Row:
    """Return the state of the processes and of their telemetry."""
    overflow = promql.rate("telemetry_label_overflow_total{SELECTED}", RATE, "metric, label")
    return Row(
        "Processes and telemetry",
        [
            Panel(
                "Up",
                "Whether Prometheus can scrape each instance: 1 yes, 0 no.",
                panels.COUNT,
                each(service, "max by (job, instance) (up{SELECTED})", "{{job}} {{instance}}"),
                maximum=1,
            ),
            Panel(
                "CPU",
                "Cores that each process uses; a Python process near 1 is saturated. Absent for several gunicorn"
                " workers that share their metrics.",
                panels.COUNT,
                each(service, f"rate(process_cpu_seconds_total{{SELECTED}}[{RATE}])", "{{instance}}"),
            ),
            Panel(
                "Memory",
                "Resident memory of each process. Absent for several gunicorn workers that share their metrics.",
                panels.BYTES,
                each(service, "process_resident_memory_bytes{SELECTED}", "{{instance}}"),
            ),
            Panel(
                "Spans",
                "Spans per second that were sent to the OTLP receiver and that were lost.",
                panels.OPERATIONS,
                each(service, promql.rate("telemetry_spans_exported_total{SELECTED}", RATE, "outcome"), "{{outcome}}"),
                width=6,
            ),
            Panel(
                "Log lines",
                "Log lines per second that were written and that were lost.",
                panels.OPERATIONS,
                each(service, promql.rate("telemetry_log_lines_total{SELECTED}", RATE, "outcome"), "{{outcome}}"),
                width=6,
            ),
            Panel(
                "Label overflow",
                "Observations per second that were counted under other, by metric and label; 0 is normal.",
                panels.OPERATIONS,
                each(service, f"{overflow} or 0 * group(up{{SELECTED}})", "{{metric}} {{label}}"),
                width=6,
            ),
            Panel(
                "Telemetry errors",
                "Errors of the telemetry that were not passed on to the application, per second; 0 is normal.",
                panels.OPERATIONS,
                each(
                    service,
                    f"{promql.rate('telemetry_errors_total{SELECTED}', RATE, 'where')} or 0 * group(up{{SELECTED}})",
                    "{{where}}",
                ),
                width=6,
            ),
        ],
    )
