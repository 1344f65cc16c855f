"""The data dashboard: MongoDB, Redis and each cache, measured by their clients and by the servers."""

from __future__ import annotations

from grafana.generator import units
from grafana.generator.frame import Page, Row, link
from grafana.generator.panels import When, bars, lines, number, series
from grafana.generator.sources import log_lines, now, over_time
from grafana.generator.thresholds import Limit
from grafana.generator.variables import caches, services

RATE = "$__rate_interval"
MONGO = 'db_system_name="mongodb", job=~"$job"'
REDIS = 'db_system_name="redis", job=~"$job"'


def page() -> Page:
    """Build the dashboard of the databases and caches."""
    help_text = "MongoDB, Redis and each cache, measured by their clients and by the servers themselves."
    return Page("glasshouse-data", help_text, [_caches(), _mongo(), _redis(), _logged()], [services(), caches()])


def _caches() -> Row:
    hits = 'cache_requests_total{cache=~"$cache", result=~"hit|local_hit|negative_hit|stale"}'
    every = 'cache_requests_total{cache=~"$cache"}'
    return Row(
        "Caches",
        [
            bars(
                "Hit ratio",
                "Share of reads that each cache answered in the time range, from the process or from Redis.",
                units.RATIO,
                now(
                    f"sum by (cache) (increase({hits}[$__range])) / (sum by (cache) (increase({every}[$__range])) > 0)",
                    "{{cache}}",
                ),
                limit=Limit("CacheHitRatioLow", low=True),
                maximum=1,
            ),
            series(
                "Reads by result",
                "Reads per second: found in the process or in Redis, known to be absent, stale, missed or failed.",
                units.OPERATIONS,
                [over_time(f"sum by (result) (rate({every}[{RATE}]))", "{{result}}")],
                width=8,
                stack=True,
            ),
            series(
                "Hit ratio over time",
                "Share of reads that each cache answered. The line is the limit of CacheHitRatioLow.",
                units.RATIO,
                [
                    over_time(
                        f"sum by (cache) (rate({hits}[5m])) / (sum by (cache) (rate({every}[5m])) > 0)", "{{cache}}"
                    )
                ],
                width=8,
                limit=Limit("CacheHitRatioLow", low=True),
                maximum=1,
            ),
        ],
    )


def _mongo() -> Row:
    duration = f"db_client_operation_duration_seconds_bucket{{{MONGO}}}"
    return Row(
        "MongoDB",
        [
            series(
                "Operations",
                "Operations per second that services send to MongoDB, by service.",
                units.OPERATIONS,
                [
                    over_time(
                        f"sum by (job) (rate(db_client_operation_duration_seconds_count{{{MONGO}}}[{RATE}]))", "{{job}}"
                    )
                ],
                width=8,
                stack=True,
            ),
            series(
                "p95 by operation",
                "95 % of operations took at most this long. A find that slows down as data grows lacks an index.",
                units.SECONDS,
                [
                    over_time(
                        f"histogram_quantile(0.95, sum by (le, db_operation_name) (rate({duration}[5m])))",
                        "{{db_operation_name}}",
                    )
                ],
                width=8,
                limit=Limit("MongoSlow"),
            ),
            series(
                "p95 by service",
                "95 % of operations took at most this long, by the service that waits for them.",
                units.SECONDS,
                [over_time(f"histogram_quantile(0.95, sum by (le, job) (rate({duration}[5m])))", "{{job}}")],
                width=8,
                limit=Limit("MongoSlow"),
            ),
            series(
                "Connections",
                "Connections in the pools, in use and idle.",
                units.COUNT,
                [over_time('sum by (state) (db_client_connection_count{job=~"$job"})', "{{state}}")],
                width=6,
            ),
            series(
                "Wait for a connection: p95",
                "95 % of operations waited at most this long for a connection from the pool.",
                units.SECONDS,
                [
                    over_time(
                        """histogram_quantile(0.95,
                        sum by (le, job) (rate(db_client_connection_wait_time_seconds_bucket{job=~"$job"}[5m])))""",
                        "{{job}}",
                    )
                ],
                width=6,
            ),
            series(
                "Connection timeouts",
                "Operations per second that timed out while waiting for a connection from the pool.",
                units.OPERATIONS,
                [
                    over_time(
                        f'sum by (job) (rate(db_client_connection_timeouts_total{{job=~"$job"}}[{RATE}]))', "{{job}}"
                    )
                ],
                width=6,
            ),
            series(
                "Replication lag",
                "Replication lag of each member of the replica set.",
                units.SECONDS,
                [over_time("max by (member) (mongodb_replication_lag_seconds)", "{{member}}")],
                width=6,
                limit=Limit("MongoReplicationLag"),
            ),
            series(
                "Members",
                "Members of the replica set by state, seen by the sweeper. Writes require a primary.",
                units.COUNT,
                [over_time("max by (state) (mongodb_members)", "{{state}}")],
                width=10,
                height=6,
            ),
            series(
                "Failed operations",
                "Operations per second that ended with an error, by kind of error and server.",
                units.OPERATIONS,
                [
                    over_time(
                        f"""sum by (db_system_name, error_type) (rate(
                        db_client_operation_duration_seconds_count{{job=~"$job", error_type!=""}}[{RATE}]))""",
                        "{{db_system_name}} {{error_type}}",
                    )
                ],
                width=10,
                height=6,
                when=When("after a database operation failed", "fault mongo-pause or redis-pause, or a restart"),
            ),
            number(
                "MongoDB",
                "Whether MongoDB responds and has a primary.",
                units.NONE,
                over_time("min(mongodb_up)"),
                limit=Limit("all", low=True),
                words={"0": ("down", "red"), "1": ("up", "green")},
                width=4,
                height=6,
                graph=False,
            ),
        ],
    )


def _redis() -> Row:
    duration = f"db_client_operation_duration_seconds_bucket{{{REDIS}}}"
    return Row(
        "Redis",
        [
            number(
                "Redis",
                "Whether Redis responds to its exporter.",
                units.NONE,
                over_time("min(redis_up)"),
                limit=Limit("all", low=True),
                words={"0": ("down", "red"), "1": ("up", "green")},
                graph=False,
            ),
            number(
                "Memory used",
                "Memory that Redis uses for its data, as a share of its limit.",
                units.RATIO,
                over_time("max(redis_memory_used_bytes / (redis_memory_max_bytes > 0))"),
                limit=Limit("RedisMemoryHigh"),
            ),
            number(
                "Evicted, 1 h",
                "Keys that Redis evicted because its memory was full. They may include jobs of the queue.",
                units.COUNT,
                over_time("sum(increase(redis_evicted_keys_total[1h]))"),
                limit=Limit("none"),
                decimals=0,
            ),
            number("Keys", "Number of keys in Redis.", units.COUNT, over_time("sum(redis_db_keys)")),
            number(
                "Clients",
                "Number of client connections to Redis.",
                units.COUNT,
                over_time("sum(redis_connected_clients)"),
            ),
            number(
                "Keyspace hit ratio",
                "Share of key lookups in Redis that found a key.",
                units.RATIO,
                over_time(
                    """sum(rate(redis_keyspace_hits_total[5m]))
                    / (sum(rate(redis_keyspace_hits_total[5m])) + sum(rate(redis_keyspace_misses_total[5m])) > 0)"""
                ),
            ),
            series(
                "Commands by service",
                "Operations per second that services send to Redis, by service.",
                units.OPERATIONS,
                [
                    over_time(
                        f"sum by (job) (rate(db_client_operation_duration_seconds_count{{{REDIS}}}[{RATE}]))", "{{job}}"
                    )
                ],
                width=8,
                stack=True,
            ),
            series(
                "p95 by command",
                "95 % of operations took at most this long, by command.",
                units.SECONDS,
                [
                    over_time(
                        f"histogram_quantile(0.95, sum by (le, db_operation_name) (rate({duration}[5m])))",
                        "{{db_operation_name}}",
                    )
                ],
                width=8,
            ),
            series(
                "Redis memory",
                "Memory that Redis uses, and its limit.",
                units.BYTES,
                [
                    over_time("max(redis_memory_used_bytes)", "used"),
                    over_time("max(redis_memory_max_bytes)", "at most"),
                ],
                width=8,
            ),
            series(
                "Commands processed by Redis",
                "Commands per second as counted by Redis, those that use most of its time first.",
                units.OPERATIONS,
                [over_time(f"topk(8, sum by (cmd) (rate(redis_commands_total[{RATE}])))", "{{cmd}}")],
            ),
            series(
                "Expired and evicted keys",
                "Keys per second that expired normally, or were evicted because the memory was full.",
                units.OPERATIONS,
                [
                    over_time(f"sum(rate(redis_expired_keys_total[{RATE}]))", "expired"),
                    over_time(f"sum(rate(redis_evicted_keys_total[{RATE}]))", "evicted"),
                ],
                links={"Overview": link("glasshouse-overview")},
            ),
        ],
    )


def _logged() -> Row:
    return Row(
        "Log lines",
        [
            lines(
                "Warnings and errors of the services",
                "Warnings and errors of the services that use the databases. Each links to its trace.",
                log_lines('{service_name=~"api|worker|sweeper|payments", level=~"WARNING|ERROR|CRITICAL"}'),
                when=When("after a database was unavailable", "fault mongo-pause or redis-pause, or a restart"),
            ),
        ],
    )
