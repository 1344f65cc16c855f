"""The compared variants: the command and the environment of each variant's server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

SAMPLED = "0.01"
"""Approximately our sampling under the benchmark's load: five traces per second, plus 0.2 % of further requests."""


@dataclass(frozen=True)
class Variant:
    """One telemetry set-up of the application; ``environment`` is created from its sink's URL and its metrics port."""

    name: str
    module: str
    environment: Callable[[str, int], Mapping[str, str]] = lambda _sink, _metrics: {}
    wrapper: tuple[str, ...] = ()
    """The program in the environment that starts gunicorn."""
    peers: bool = True
    """Whether it runs in the environment of the other libraries instead of ours."""
    exports_to: tuple[str, ...] = ()
    """Paths of the sink at which data must arrive; otherwise the row is invalid."""
    scraped: bool = False


def _otlp(**more: str) -> Callable[[str, int], Mapping[str, str]]:
    return lambda sink, metrics: {
        "OTEL_EXPORTER_OTLP_ENDPOINT": sink,
        "OTEL_SERVICE_NAME": "shop",
        "OBSERVABILITY_METRICS_PORT": str(metrics),
        **more,
    }


def _zero_code(**more: str) -> Callable[[str, int], Mapping[str, str]]:
    return _otlp(
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
        OTEL_TRACES_EXPORTER="otlp",
        OTEL_METRICS_EXPORTER="otlp",
        OTEL_LOGS_EXPORTER="otlp",
        OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED="true",
        **more,
    )


_RATIO = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": SAMPLED}


def _sentry(rate: str) -> Callable[[str, int], Mapping[str, str]]:
    return lambda sink, _: {"SENTRY_DSN": sink.replace("://", "://key@") + "/1", "SENTRY_RATE": rate}


def _datadog(**more: str) -> Callable[[str, int], Mapping[str, str]]:
    return lambda sink, _: {"DD_TRACE_AGENT_URL": sink, "DD_SERVICE": "shop", **more}


def _elastic(**more: str) -> Callable[[str, int], Mapping[str, str]]:
    return lambda sink, _: {"ELASTIC_APM_SERVER_URL": sink, "ELASTIC_APM_SERVICE_NAME": "shop", **more}


_TRACES = ("/v1/traces",)
_ALL_OTLP = ("/v1/traces", "/v1/logs")

COPIES = {"bare": 3, "ours": 2}
"""The number of servers of a variant, where it is not one. Their mean is the round's figure.

Processes of the same program differ by some percent for as long as they run. Every row is divided by bare's figure, so
a deviation of bare affects all rows, and the table is about ours.
"""

PARTS = (
    Variant(
        "ours, no traces",
        "ours",
        _otlp(OBSERVABILITY_TRACES_PER_SECOND="0", OBSERVABILITY_TRACE_RATIO="0"),
        peers=False,
        scraped=True,
    ),
    Variant(
        "ours, no request line",
        "ours",
        _otlp(OBSERVABILITY_LOG_LEVEL="ERROR"),
        peers=False,
        exports_to=_TRACES,
        scraped=True,
    ),
)
"""Variants that measure parts of our telemetry, for performance work. They run only if named."""

QUICK = (
    Variant("bare", "bare", peers=False),
    Variant("ours", "ours", _otlp(), peers=False, exports_to=_TRACES, scraped=True),
    Variant("README wiring", "readme", _otlp(), peers=False, exports_to=_TRACES, scraped=True),
)

ALL = (
    *QUICK,
    Variant("README wiring, sampled", "readme", _otlp(**_RATIO), peers=False, exports_to=_TRACES, scraped=True),
    Variant("OpenTelemetry zero-code", "otel", _zero_code(), ("opentelemetry-instrument",), exports_to=_ALL_OTLP),
    Variant(
        "OpenTelemetry zero-code, sampled",
        "otel",
        _zero_code(**_RATIO),
        ("opentelemetry-instrument",),
        exports_to=_ALL_OTLP,
    ),
    Variant("logfire", "with_logfire", _otlp(), exports_to=_TRACES),
    Variant("logfire, sampled", "with_logfire", _otlp(LOGFIRE_HEAD=SAMPLED), exports_to=_TRACES),
    Variant("sentry-sdk", "with_sentry", _sentry("1.0"), exports_to=("/api/1/envelope/",)),
    Variant("sentry-sdk, sampled", "with_sentry", _sentry(SAMPLED), exports_to=("/api/1/envelope/",)),
    Variant("ddtrace", "bare", _datadog(), ("ddtrace-run",), exports_to=("/v0.5/traces|/v0.4/traces",)),
    Variant(
        "ddtrace, sampled",
        "bare",
        _datadog(DD_TRACE_SAMPLING_RULES=f'[{{"sample_rate":{SAMPLED}}}]'),
        ("ddtrace-run",),
        exports_to=("/v0.5/traces|/v0.4/traces",),
    ),
    Variant("elastic-apm", "with_elastic", _elastic(), exports_to=("/intake/v2/events",)),
    Variant(
        "elastic-apm, sampled",
        "with_elastic",
        _elastic(ELASTIC_APM_TRANSACTION_SAMPLE_RATE=SAMPLED),
        exports_to=("/intake/v2/events",),
    ),
)
