"""The telemetry settings of one process. Variables that OpenTelemetry defines keep their names."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass

from glasshouse_observability.settings.declare import FromEnv, setting
from glasshouse_observability.settings.kinds import Choice, Host, Number, Pattern, Port, Seconds, Text, Whole
from glasshouse_observability.settings.paths import WritableFile
from glasshouse_observability.settings.reader import REQUIRED, Reader
from glasshouse_observability.settings.urls import Url

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
MOST_LABEL_VALUES = 10_000
"""Each value is one series, or one per bucket for a histogram: the guard exists to prevent more of them."""


@dataclass(frozen=True)
class TelemetrySettings(FromEnv):
    """The identity of the process and the destinations of its signals.

    ``otlp_endpoint`` is the base URL of an OTLP/HTTP receiver, or ``""`` to export no spans. ``metrics_port`` 0 means
    that no metrics are served. ``log_file`` receives a copy of the log lines, ``""`` for none. ``traces_per_second`` is
    the number of requests traced per second among those that only read; two fifths as many others are traced. Above
    that, ``trace_ratio`` is the share that is traced. Work that takes longer than ``slow_seconds`` always has a span.
    ``label_values`` is the number of values that a guarded label may have (``metrics.cardinality``).
    """

    service: str = setting(
        "SERVICE_NAME",
        Pattern(r"[a-z][a-z0-9-]{0,62}", "a lower-case name such as 'api'"),
        REQUIRED,
        "name of the service, in every signal",
        default_shown="the service's own name",
        aliases=("OTEL_SERVICE_NAME",),
    )
    instance: str = setting(
        "SERVICE_INSTANCE",
        Text(255),
        "",
        "name of the replica, in every signal",
        computed=socket.gethostname,
        default_shown="the host's name",
    )
    version: str = setting("SERVICE_VERSION", Text(255), "0.0.0", "the version that is deployed")
    environment: str = setting(
        "DEPLOYMENT_ENVIRONMENT", Text(255), "local", "the environment, such as production or staging"
    )
    namespace: str = setting("SERVICE_NAMESPACE", Text(255), "glasshouse", "the system that the service belongs to")
    log_level: str = setting("LOG_LEVEL", Choice(*LOG_LEVELS), "INFO", "the lowest level that is logged")
    otlp_endpoint: str = setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        Url("http", "https"),
        "",
        "the OTLP/HTTP receiver of spans; unset: spans are not exported",
    )
    metrics_host: str = setting("METRICS_HOST", Host(), "127.0.0.1", "the address that serves `/metrics`")
    metrics_port: int = setting(
        "METRICS_PORT", Port(or_none=True), 0, "the port that serves `/metrics`; 0: it is not served"
    )
    log_file: str = setting("LOG_FILE", WritableFile(), "", "a file that receives a copy of the log lines")
    traces_per_second: float = setting(
        "TRACES_PER_SECOND",
        Number(0, 100_000),
        5.0,
        "number of read-only requests traced per second; of other requests, two fifths of that number",
    )
    trace_ratio: float = setting(
        "TRACE_RATIO", Number(0, 1), 0.002, "the share of the requests above TRACES_PER_SECOND that is traced"
    )
    slow_seconds: float = setting(
        "TRACE_SLOW_SECONDS",
        Seconds(0.001, 3600),
        0.5,
        "requests and jobs that take longer always have a span (seconds)",
    )
    label_values: int = setting(
        "METRICS_LABEL_VALUES", Whole(1, MOST_LABEL_VALUES), 100, "the limit on the values of a guarded label"
    )

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None, service: str | None = None) -> TelemetrySettings:
        """Read the settings from ``env`` (default: the process's environment).

        ``service`` is used when ``SERVICE_NAME`` (or ``OTEL_SERVICE_NAME``) is not set.

        Raises:
            WrongSetting: names every setting that is missing or wrong.
        """
        reader = Reader(env, **({"SERVICE_NAME": service} if service else {}))
        found = cls.read(reader)
        reader.finish()
        return found
