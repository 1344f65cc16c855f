"""The telemetry settings of one process. Variables that OpenTelemetry defines keep their names; ours have a prefix."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from glasshouse_observability.redaction import DEFAULT_POLICY, RedactionPolicy
from glasshouse_observability.settings.declare import FromEnv, nested, setting
from glasshouse_observability.settings.kinds import (
    Choice,
    Host,
    ListOf,
    Number,
    Pattern,
    Port,
    Seconds,
    Switch,
    Text,
    Whole,
)
from glasshouse_observability.settings.otel import Expressions, OtlpSettings, SpanSettings
from glasshouse_observability.settings.otel_effects import effects_of
from glasshouse_observability.settings.paths import WritableFile
from glasshouse_observability.settings.reader import REQUIRED, Reader
from glasshouse_observability.settings.redaction import Redaction
from glasshouse_observability.settings.urls import Url

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
MOST_LABEL_VALUES = 10_000
"""Each value is one series, or one per bucket for a histogram: the guard exists to prevent more of them."""


@dataclass(frozen=True)
class TelemetrySettings(FromEnv):
    """The identity of the process and the destinations of its signals.

    ``resource`` are further resource attributes of every span. ``otlp_endpoint`` is the base URL of an OTLP/HTTP
    receiver; without it and ``otlp.traces_endpoint``, no spans are exported. ``metrics_port`` 0 means that no
    metrics are served. ``log_file`` receives a copy of the log lines, ``""`` for none. ``log_take_over`` removes
    handlers that print the same records again. ``redaction`` selects what is replaced in log lines and spans.
    ``traces_per_second`` is the number of requests traced per second among those that only read; two fifths as many
    others are traced. Above that, ``trace_ratio`` is the share that is traced. Work that takes longer than
    ``slow_seconds`` always has a span, and so has work that fails, unless ``late_spans`` is off. If
    ``parent_based``, the caller's decision has precedence. ``label_values`` is the number of values that a guarded
    label may have (``metrics.cardinality``). ``excluded_urls`` are comma-separated regular expressions of URLs that
    are not traced. ``propagators`` are names as in ``OTEL_PROPAGATORS``; if there are none, the global propagator
    of the process is used.
    """

    service: str = setting(
        "OTEL_SERVICE_NAME",
        Text(255),
        REQUIRED,
        "name of the service, in every signal",
        default_shown="the service's own name",
    )
    instance: str = setting(
        "OBSERVABILITY_INSTANCE",
        Text(255),
        "",
        "name of the replica, in every signal",
        computed=socket.gethostname,
        default_shown="the host's name",
    )
    version: str = setting("OBSERVABILITY_VERSION", Text(255), "0.0.0", "the version that is deployed")
    environment: str = setting(
        "OBSERVABILITY_ENVIRONMENT", Text(255), "local", "the environment, such as production or staging"
    )
    namespace: str = setting(
        "OBSERVABILITY_NAMESPACE", Text(255), "", "the system that the service belongs to; empty: none"
    )
    log_level: str = setting("OBSERVABILITY_LOG_LEVEL", Choice(*LOG_LEVELS), "INFO", "the lowest level that is logged")
    otlp_endpoint: str = setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        Url("http", "https"),
        "",
        "the OTLP/HTTP receiver of spans; unset: spans are not exported",
    )
    metrics_host: str = setting(
        "OBSERVABILITY_METRICS_HOST",
        Host(),
        "127.0.0.1",
        "the address that serves `/metrics`",
        aliases=("OTEL_EXPORTER_PROMETHEUS_HOST",),
        lenient=True,
    )
    metrics_port: int = setting(
        "OBSERVABILITY_METRICS_PORT",
        Port(or_none=True),
        0,
        "the port that serves `/metrics`; 0: it is not served",
        aliases=("OTEL_EXPORTER_PROMETHEUS_PORT",),
        lenient=True,
    )
    log_file: str = setting(
        "OBSERVABILITY_LOG_FILE", WritableFile(), "", "a file that receives a copy of the log lines"
    )
    log_take_over: bool = setting(
        "OBSERVABILITY_LOG_TAKE_OVER",
        Switch(),
        False,
        "remove handlers that print the same records on standard output or error a second time",
        default_shown="off: each is reported once",
    )
    redaction: RedactionPolicy = setting(
        "OBSERVABILITY_REDACT",
        Redaction(),
        DEFAULT_POLICY,
        "redaction of secrets in log lines and spans",
        default_shown="on",
    )
    traces_per_second: float = setting(
        "OBSERVABILITY_TRACES_PER_SECOND",
        Number(0, 100_000),
        5.0,
        "number of read-only requests traced per second; of other requests, two fifths of that number",
    )
    trace_ratio: float = setting(
        "OBSERVABILITY_TRACE_RATIO",
        Number(0, 1),
        0.002,
        "the share of the requests above OBSERVABILITY_TRACES_PER_SECOND that is traced",
    )
    slow_seconds: float = setting(
        "OBSERVABILITY_SLOW_SECONDS",
        Seconds(0.001, 3600),
        0.5,
        "requests and jobs that take longer always have a span (seconds)",
    )
    label_values: int = setting(
        "OBSERVABILITY_LABEL_VALUES", Whole(1, MOST_LABEL_VALUES), 100, "the limit on the values of a guarded label"
    )
    excluded_urls: str = setting(
        "OTEL_PYTHON_FLASK_EXCLUDED_URLS",
        Expressions(),
        "",
        "comma-separated regular expressions of the URLs whose requests have no span",
        aliases=("OTEL_PYTHON_EXCLUDED_URLS",),
        lenient=True,
    )
    propagators: tuple[str, ...] = setting(
        "OTEL_PROPAGATORS",
        ListOf(Pattern(r"[A-Za-z0-9_-]+", "the name of a propagator, such as tracecontext")),
        (),
        "the formats in which trace context is received and sent",
        default_shown="the propagator of the process: tracecontext,baggage",
        lenient=True,
    )
    otlp: OtlpSettings = nested(OtlpSettings)  # noqa: RUF009
    span: SpanSettings = nested(SpanSettings)  # noqa: RUF009
    tracing: bool = True
    late_spans: bool = True
    parent_based: bool = True
    resource: Mapping[str, str] = dataclasses.field(default_factory=dict, hash=False)
    warnings: tuple[str, ...] = dataclasses.field(default=(), repr=False, compare=False)

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None, service: str | None = None) -> TelemetrySettings:
        """Read the settings from ``env`` (default: the process's environment).

        ``service`` is used when no variable has the service's name.

        Raises:
            WrongSetting: names every setting that is missing or wrong.
        """
        reader = Reader(env, **({"OTEL_SERVICE_NAME": service} if service else {}))
        found = cls.read(reader)
        reader.finish()
        return found

    @classmethod
    def read(cls, reader: Reader) -> TelemetrySettings:
        """Return the settings that this reader reads; it collects the problems."""
        before = len(reader.ignored)
        changed = effects_of(reader)
        found = super().read(reader)
        return dataclasses.replace(found, **changed, warnings=tuple(reader.ignored[before:]))
