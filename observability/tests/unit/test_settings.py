"""The settings of telemetry."""

from __future__ import annotations

import pytest

from glasshouse_observability import TelemetrySettings, WrongSetting


def test_opentelemetrys_own_names_are_understood() -> None:
    """``OTEL_SERVICE_NAME`` and ``OTEL_EXPORTER_OTLP_ENDPOINT`` have their standard meaning."""
    env = {"OTEL_SERVICE_NAME": "mine", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318/"}
    settings = TelemetrySettings.from_env(env)
    assert (settings.service, settings.otlp_endpoint) == ("mine", "http://collector:4318")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_SERVICE_NAME", "x" * 256),
        ("OBSERVABILITY_LOG_LEVEL", "loud"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("OBSERVABILITY_METRICS_PORT", "70000"),
        ("OBSERVABILITY_METRICS_PORT", "-1"),
        ("OBSERVABILITY_LABEL_VALUES", "0"),
        ("OBSERVABILITY_LABEL_VALUES", "many"),
        ("OBSERVABILITY_LABEL_VALUES", "10001"),
    ],
)
def test_a_wrong_setting_is_named_with_the_cure(name: str, value: str) -> None:
    """The error for an invalid setting contains its name, its value and the allowed values."""
    with pytest.raises(WrongSetting, match=f"{name} is .*must be"):
        TelemetrySettings.from_env({"OTEL_SERVICE_NAME": "api", name: value})


def test_an_empty_setting_counts_as_not_set() -> None:
    """An empty setting counts as not set, because Makefiles and Compose files pass on empty variables."""
    names = (
        "OBSERVABILITY_LOG_LEVEL",
        "OBSERVABILITY_METRICS_PORT",
        "OBSERVABILITY_METRICS_HOST",
        "OBSERVABILITY_VERSION",
        "OBSERVABILITY_ENVIRONMENT",
    )
    empty = TelemetrySettings.from_env(
        {"OTEL_SERVICE_NAME": "api", "OBSERVABILITY_INSTANCE": "api-1", **dict.fromkeys(names, "")}
    )
    assert empty == TelemetrySettings.from_env({"OTEL_SERVICE_NAME": "api", "OBSERVABILITY_INSTANCE": "api-1"})
