"""``Telemetry.start`` configures the process, each step is optional, and ``stop`` undoes it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import prometheus_client
import pytest
from opentelemetry import baggage, propagate, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.util._once import Once
from prometheus_client import CollectorRegistry, Counter

from glasshouse_observability import Telemetry, TelemetrySettings, WrongSetting
from glasshouse_observability.metrics import prometheus_internals
from glasshouse_observability.metrics.registry import RegistryInUse

SETTINGS = TelemetrySettings(service="api", instance="api-1")


@pytest.fixture(autouse=True)
def _no_provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Begin and end without a global tracer provider, and with the default propagator and ``_created`` series."""
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())
    before = propagate.get_global_textmap()
    created = prometheus_internals.creates_created_series()
    prometheus_client.enable_created_metrics()  # type: ignore[no-untyped-call]
    yield
    propagate.set_global_textmap(before)
    if not created:
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


def state() -> tuple[object, ...]:
    """Return what ``start`` changes in the process."""
    root = logging.getLogger()
    return (
        trace._TRACER_PROVIDER,
        propagate.get_global_textmap(),
        prometheus_internals.creates_created_series(),
        [handler for handler in root.handlers if type(handler).__module__.startswith("glasshouse")],
    )


def test_stop_undoes_start() -> None:
    """After ``stop``, OpenTelemetry's globals and ``_created`` series are as before ``start``."""
    before = state()
    with Telemetry.start(settings=SETTINGS, exporter=InMemorySpanExporter(), logging=False) as telemetry:
        assert trace.get_tracer_provider() is telemetry.provider
        assert propagate.get_global_textmap() is telemetry.propagator
        assert not prometheus_internals.creates_created_series()
        assert state() != before
    assert state() == before
    telemetry.stop()
    assert state() == before


def test_stop_shuts_down_once() -> None:
    """A second ``stop``, such as the one at exit, does nothing."""
    stopped = []

    class Counting(InMemorySpanExporter):
        def shutdown(self) -> None:
            stopped.append(1)

    telemetry = Telemetry.start(settings=SETTINGS, exporter=Counting(), logging=False)
    for _ in range(3):
        telemetry.stop()
    assert stopped == [1]


def test_it_can_be_started_again() -> None:
    """After ``stop``, the next ``start`` registers its own provider, and manual spans reach its exporter."""
    for _ in range(2):
        exporter = InMemorySpanExporter()
        with Telemetry.start(settings=SETTINGS, exporter=exporter, logging=False):
            trace.get_tracer("mine").start_span("x").end()
        assert [span.name for span in exporter.get_finished_spans()] == ["x"]


def test_each_step_is_optional() -> None:
    """With each step omitted, ``start`` changes nothing in the process."""
    before = state()
    options = {"logging": False, "make_global": False, "disable_created_metrics": False, "serve_metrics": False}
    with Telemetry.start("api", env={"OBSERVABILITY_METRICS_PORT": "1"}, **options):  # type: ignore[arg-type]
        assert state()[:3] == before[:3]
    assert state() == before


def test_a_provider_of_another_library_stays(caplog: pytest.LogCaptureFixture) -> None:
    """Another library's tracer provider stays, one warning names it, and our own spans reach our exporter.

    OpenTelemetry itself logs only "Overriding of current TracerProvider is not allowed" (opentelemetry-python#958).
    """
    theirs = TracerProvider()
    trace.set_tracer_provider(theirs)
    exporter = InMemorySpanExporter()
    with Telemetry.start(settings=SETTINGS, exporter=exporter, logging=False) as telemetry:
        assert trace.get_tracer_provider() is theirs
        telemetry.tracer("ours").start_span("x").end()
    assert trace.get_tracer_provider() is theirs
    assert [span.name for span in exporter.get_finished_spans()] == ["x"]
    (record,) = caplog.records
    assert "opentelemetry.sdk.trace.TracerProvider" in record.message
    assert record.event == "telemetry.foreign_provider"  # type: ignore[attr-defined]


def test_the_applications_propagator_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A propagator that the application has set is used (opentelemetry-python-contrib#307); baggage is not lost."""
    before = propagate.get_global_textmap()
    with Telemetry.start(settings=SETTINGS, exporter=InMemorySpanExporter(), logging=False) as telemetry:
        assert telemetry.propagator is before
        context = propagate.extract({"baggage": "tenant=7"})
        assert baggage.get_baggage("tenant", context) == "7"


def test_the_propagator_of_the_settings_is_used_and_undone() -> None:
    """``OTEL_PROPAGATORS`` selects formats; ``none`` neither reads nor writes any."""
    before = propagate.get_global_textmap()
    env = {"OTEL_PROPAGATORS": "tracecontext"}
    with Telemetry.start("api", env=env, exporter=InMemorySpanExporter(), logging=False) as telemetry:
        assert telemetry.propagator.fields == {"traceparent", "tracestate"}
        assert propagate.get_global_textmap() is telemetry.propagator
    assert propagate.get_global_textmap() is before
    settings = TelemetrySettings.from_env({"OTEL_PROPAGATORS": "none"}, "api")
    assert Telemetry(settings).propagator.fields == set()


def test_a_propagator_that_is_not_installed_is_named_with_its_package() -> None:
    """The error for a propagator that is not installed names the package that has it."""
    settings = TelemetrySettings.from_env({"OTEL_PROPAGATORS": "tracecontext,xray"}, "api")
    with pytest.raises(WrongSetting, match=r"OTEL_PROPAGATORS is 'xray': .*install opentelemetry-propagator-aws-xray"):
        Telemetry(settings)


def test_the_applications_registry_can_be_used() -> None:
    """``prometheus_client.REGISTRY``, which has the process's metrics already, is accepted, and left as it was."""
    before = prometheus_internals.collectors_of(prometheus_client.REGISTRY)
    for _ in range(2):
        with Telemetry.start(settings=SETTINGS, registry=prometheus_client.REGISTRY, logging=False) as telemetry:
            telemetry.part(lambda one: Counter("mine_total", "Mine", registry=one.registry)).inc()
            assert telemetry.registry is prometheus_client.REGISTRY
            assert (
                prometheus_client.REGISTRY.get_sample_value(
                    "service_info",
                    {"service_name": "api", "service_version": "0.0.0", "deployment_environment_name": "local"},
                )
                == 1
            )
            assert prometheus_client.REGISTRY.get_sample_value("mine_total") == 1
        assert prometheus_internals.collectors_of(prometheus_client.REGISTRY) == before


def test_two_on_one_registry_are_refused() -> None:
    """A second ``Telemetry`` on a registry is refused with a sentence, until the first is stopped."""
    registry = CollectorRegistry()
    first = Telemetry(SETTINGS, registry=registry)
    with pytest.raises(RegistryInUse, match="stop that one first"):
        Telemetry(SETTINGS, registry=registry)
    first.stop()
    Telemetry(SETTINGS, registry=registry)


def test_metrics_of_the_application_survive_stop() -> None:
    """``stop`` removes only the collectors of the library from a registry that was given."""
    registry = CollectorRegistry()
    early = Counter("early_total", "Early", registry=registry)
    telemetry = Telemetry(SETTINGS, registry=registry)
    late = Counter("late_total", "Late", registry=registry)
    telemetry.stop()
    assert prometheus_internals.collectors_of(registry) == [early, late]


def test_a_failed_start_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """If ``start`` fails, the registry and OpenTelemetry's globals are as before."""
    registry, before = CollectorRegistry(), state()
    Counter("telemetry_errors_total", "Theirs", registry=registry)
    with pytest.raises(ValueError, match="telemetry_errors"):
        Telemetry.start(settings=SETTINGS, registry=registry)
    assert len(prometheus_internals.collectors_of(registry)) == 1
    assert state() == before
