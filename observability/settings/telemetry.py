"""What the telemetry of one process needs to know.

Names that OpenTelemetry already defines are used as they are.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass

from observability.settings.declare import FromEnv, setting
from observability.settings.kinds import Choice, Host, Number, Pattern, Port, Seconds, Text, Whole
from observability.settings.paths import WritableFile
from observability.settings.reader import REQUIRED, Reader
from observability.settings.urls import Url

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
MOST_LABEL_VALUES = 10_000
"""Each is a series, or as many as a histogram has buckets: more of them is what the guard is there to prevent."""


@dataclass(frozen=True)
class TelemetrySettings(FromEnv):
    """Identity of the process and where its signals go.

    ``otlp_endpoint`` is the base URL of an OTLP/HTTP receiver, or ``""`` to make no spans leave the process.
    ``metrics_port`` 0 means that no metrics are served. ``log_file`` receives a copy of the log lines, ``""`` for none.
    ``traces_per_second`` is how many requests that only read are traced each second before ``trace_ratio`` of the rest
    is, and two fifths as many others; what takes longer than ``slow_seconds`` is traced in any case.
    ``label_values`` is how many values a guarded label may take (``observability.cardinality``).
    """

    service: str = setting(
        "SERVICE_NAME",
        Pattern(r"[a-z][a-z0-9-]{0,62}", "a lower-case name such as 'api'"),
        REQUIRED,
        "the service, in every signal",
        default_shown="the service's own name",
        aliases=("OTEL_SERVICE_NAME",),
    )
    instance: str = setting(
        "SERVICE_INSTANCE",
        Text(255),
        "",
        "the replica, in every signal",
        computed=socket.gethostname,
        default_shown="the host's name",
    )
    version: str = setting("SERVICE_VERSION", Text(255), "0.0.0", "what is deployed")
    environment: str = setting("DEPLOYMENT_ENVIRONMENT", Text(255), "local", "production, staging, …")
    namespace: str = setting("SERVICE_NAMESPACE", Text(255), "glasshouse", "what the service belongs to")
    log_level: str = setting("LOG_LEVEL", Choice(*LOG_LEVELS), "INFO", "the lowest level that is logged")
    otlp_endpoint: str = setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT", Url("http", "https"), "", "where spans go, OTLP over HTTP; unset: nowhere"
    )
    metrics_host: str = setting("METRICS_HOST", Host(), "127.0.0.1", "the address of `/metrics`")
    metrics_port: int = setting("METRICS_PORT", Port(or_none=True), 0, "the port of `/metrics`; 0: it is not served")
    log_file: str = setting("LOG_FILE", WritableFile(), "", "a file that gets a copy of the log lines")
    traces_per_second: float = setting(
        "TRACES_PER_SECOND",
        Number(0, 100_000),
        5.0,
        "how many requests that only read, and two fifths as many others, are traced each second",
    )
    trace_ratio: float = setting("TRACE_RATIO", Number(0, 1), 0.002, "the share that is traced of what is above that")
    slow_seconds: float = setting(
        "TRACE_SLOW_SECONDS", Seconds(0.001, 3600), 0.5, "what takes longer leaves a span in any case"
    )
    label_values: int = setting(
        "METRICS_LABEL_VALUES", Whole(1, MOST_LABEL_VALUES), 100, "how many values a guarded label may have"
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
