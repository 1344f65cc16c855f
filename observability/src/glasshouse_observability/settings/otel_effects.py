"""Variables of OpenTelemetry that change several settings at once."""

from __future__ import annotations

from typing import Any

from glasshouse_observability.settings.kinds import Choice, Number, Switch
from glasshouse_observability.settings.otel import SAMPLERS, Pairs
from glasshouse_observability.settings.reader import Declared, Reader

RESOURCE: Declared[tuple[tuple[str, str], ...]] = Declared(
    "OTEL_RESOURCE_ATTRIBUTES", Pairs(), (), "attributes of the process in every span", "none", lenient=True
)
SAMPLER = Declared(
    "OTEL_TRACES_SAMPLER",
    Choice(*SAMPLERS),
    "",
    "replaces the budget of OBSERVABILITY_TRACES_PER_SECOND",
    "the budget",
    lenient=True,
)
SAMPLER_ARGUMENT = Declared(
    "OTEL_TRACES_SAMPLER_ARG", Number(0, 1), 1.0, "the share of traces of the ratio samplers", lenient=True
)
DISABLED = Declared("OTEL_SDK_DISABLED", Switch(), False, "on: no spans; log lines and metrics remain", lenient=True)
METRICS_EXPORTER = Declared(
    "OTEL_METRICS_EXPORTER",
    Choice("prometheus", "none"),
    "",
    "none: `/metrics` is not served; prometheus: it is served on port 9464, unless another port is set",
    "served if a port is set",
    lenient=True,
)
LOGS_EXPORTER = Declared(
    "OTEL_LOGS_EXPORTER",
    Choice("none", "console"),
    "",
    "no effect: log lines are written to standard output, and are not sent over OTLP",
    "console",
    lenient=True,
)
PROMETHEUS_PORT = "9464"
"""The default of OpenTelemetry's Prometheus exporter."""
_IDENTITY = {
    "service.name": "OTEL_SERVICE_NAME",
    "service.version": "OBSERVABILITY_VERSION",
    "service.namespace": "OBSERVABILITY_NAMESPACE",
    "service.instance.id": "OBSERVABILITY_INSTANCE",
    "deployment.environment": "OBSERVABILITY_ENVIRONMENT",
    # The newer name has precedence over the one before it.
    "deployment.environment.name": "OBSERVABILITY_ENVIRONMENT",
}


def effects_of(reader: Reader) -> dict[str, Any]:
    """Return fields of ``TelemetrySettings``, and set defaults of variables that are read later."""
    pairs: tuple[tuple[str, str], ...] = reader.value(RESOURCE)
    attributes = dict(pairs)
    for attribute, variable in _IDENTITY.items():
        if value := attributes.pop(attribute, ""):
            reader.prefer(variable, value)
    reader.value(LOGS_EXPORTER)
    metrics = reader.value(METRICS_EXPORTER)
    if metrics:
        reader.prefer("OBSERVABILITY_METRICS_PORT", PROMETHEUS_PORT if metrics == "prometheus" else "0")
    return {"resource": attributes, **_sampling(reader)}


def _sampling(reader: Reader) -> dict[str, bool]:
    sampler, ratio = reader.value(SAMPLER), reader.value(SAMPLER_ARGUMENT)
    if reader.value(DISABLED):
        return {"tracing": False, "late_spans": False}
    if not sampler:
        return {}
    share = {"on": "1", "off": "0"}.get(sampler.rpartition("_")[2]) or f"{ratio:f}"
    reader.prefer("OBSERVABILITY_TRACES_PER_SECOND", "0")
    reader.prefer("OBSERVABILITY_TRACE_RATIO", share)
    return {"parent_based": sampler.startswith("parentbased_"), "late_spans": not sampler.endswith("_off")}
