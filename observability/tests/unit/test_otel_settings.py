"""OpenTelemetry's environment variables: which are honoured, which has precedence, and what wrong values do."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from glasshouse_observability import Telemetry, TelemetrySettings, WrongSetting
from glasshouse_observability.traces.exporters import new_exporter, traces_url
from glasshouse_observability.traces.provider import resource_of
from glasshouse_observability.traces.unsampled import UnsampledSpan

REMOTE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0"
SAMPLED, UNSAMPLED = REMOTE + "1", REMOTE + "0"


def read(**env: str) -> TelemetrySettings:
    return TelemetrySettings.from_env(env, "default")


@pytest.mark.parametrize("name", ["shop.api", "Shop_API", "my service", "x" * 255, "ünïcode"])
def test_a_service_may_have_any_name(name: str) -> None:
    """Names with dots, underscores, capitals and other letters are used as they are."""
    assert read(OTEL_SERVICE_NAME=name).service == name


def test_the_identity_has_a_documented_precedence() -> None:
    """Our variables precede OpenTelemetry's, which precede resource attributes, which precede the argument."""
    attributes = (
        "service.name=c,service.version=2,service.namespace=n,service.instance.id=i%20j,"
        "deployment.environment=old,deployment.environment.name=prod,team=blue"
    )
    found = read(OTEL_RESOURCE_ATTRIBUTES=attributes)
    assert (found.service, found.version, found.namespace) == ("c", "2", "n")
    assert (found.instance, found.environment, dict(found.resource)) == ("i j", "prod", {"team": "blue"})
    found = read(
        OTEL_RESOURCE_ATTRIBUTES=attributes,
        OTEL_SERVICE_NAME="b",
        OBSERVABILITY_VERSION="3",
        OBSERVABILITY_NAMESPACE="m",
        OBSERVABILITY_INSTANCE="k",
        OBSERVABILITY_ENVIRONMENT="test",
    )
    assert (found.service, found.version, found.namespace, found.instance) == ("b", "3", "m", "k")
    assert found.environment == "test"
    assert read().service == "default"
    assert read(OTEL_RESOURCE_ATTRIBUTES="deployment.environment=old").environment == "old"


def test_every_resource_attribute_reaches_the_spans() -> None:
    """Further attributes are in the resource; an identity that is empty is not."""
    attributes = resource_of(read(OTEL_RESOURCE_ATTRIBUTES="team=blue,k8s.pod.name=p-1")).attributes
    assert (attributes["team"], attributes["k8s.pod.name"]) == ("blue", "p-1")
    assert attributes["service.name"] == "default"
    assert "service.namespace" not in attributes


@pytest.mark.parametrize(
    ("env", "url"),
    [
        ({}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, "http://c:4318/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318/base/"}, "http://c:4318/base/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://t:1/x/"}, "http://t:1/x/"),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://t:1/x"},
            "http://t:1/x",
        ),
    ],
)
def test_the_endpoint_of_the_signal_is_used_as_it_is(env: dict[str, str], url: str) -> None:
    """``/v1/traces`` is added to the general endpoint only, as in OpenTelemetry's specification."""
    assert traces_url(read(**env)) == url


@pytest.mark.parametrize("variable", ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"])
def test_grpc_is_refused_with_the_remedy(variable: str) -> None:
    """A protocol that the library has no exporter for is an error, because all spans would be lost."""
    with pytest.raises(WrongSetting, match=f"{variable} is 'grpc': it must be http/protobuf, .*port 4318"):
        read(**{variable: "grpc"})
    assert read(**{variable: "http/protobuf"}).otlp.protocol == "http/protobuf"


class Receiver(BaseHTTPRequestHandler):
    """A receiver that keeps path and headers of each request."""

    received: list[tuple[str, dict[str, str]]]

    def do_POST(self) -> None:
        """Accept the export."""
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).received.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[tuple[str, dict[str, str]]]]]:
    kind = type("Receiving", (Receiver,), {"received": []})
    server = HTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", kind.received  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()
    thread.join()


def test_headers_and_compression_reach_the_receiver(receiver: tuple[str, list[tuple[str, dict[str, str]]]]) -> None:
    """Headers, of the signal before general ones, and the compression are those of a real export."""
    url, received = receiver
    settings = read(
        OTEL_EXPORTER_OTLP_ENDPOINT=url,
        OTEL_EXPORTER_OTLP_HEADERS="api-key=general",
        OTEL_EXPORTER_OTLP_TRACES_HEADERS="api-key=a%20key,x-tenant=7",
        OTEL_EXPORTER_OTLP_COMPRESSION="gzip",
    )
    assert "a key" not in repr(settings)
    telemetry = Telemetry(settings)
    telemetry.tracer("t").start_span("x").end()
    telemetry.stop()
    ((path, headers),) = received
    assert path == "/v1/traces"
    assert (headers["api-key"], headers["x-tenant"], headers["content-encoding"]) == ("a key", "7", "gzip")


@pytest.mark.parametrize(
    ("env", "kinds"),
    [
        ({}, []),
        ({"OTEL_TRACES_EXPORTER": "none"}, []),
        ({"OTEL_TRACES_EXPORTER": "otlp,none"}, []),
        ({"OTEL_TRACES_EXPORTER": "console"}, ["ConsoleSpanExporter"]),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, ["OTLPSpanExporter"]),
        ({"OTEL_TRACES_EXPORTER": "otlp,console"}, ["Several"]),
        ({"OTEL_SDK_DISABLED": "true"}, []),
    ],
)
def test_the_exporter_is_selected(env: dict[str, str], kinds: list[str]) -> None:
    """``OTEL_TRACES_EXPORTER`` selects where spans go; without an endpoint OTLP is not used."""
    if env:
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", **env}
    exporter = new_exporter(read(**env))
    assert ([] if exporter is None else [type(exporter).__name__]) == kinds


@pytest.mark.parametrize(
    ("sampler", "argument", "root", "of_sampled", "of_unsampled"),
    [
        ("always_on", "", True, True, True),
        ("always_off", "", False, False, False),
        ("traceidratio", "1", True, True, True),
        ("traceidratio", "0", False, False, False),
        ("parentbased_always_on", "", True, True, False),
        ("parentbased_always_off", "", False, True, False),
        ("parentbased_traceidratio", "1.0", True, True, False),
        ("parentbased_traceidratio", "0.0", False, True, False),
    ],
)
def test_samplers_of_opentelemetry(
    sampler: str, argument: str, root: bool, of_sampled: bool, of_unsampled: bool
) -> None:
    """Each sampler decides as in OpenTelemetry, for a root and for children of both kinds of parent."""
    settings = read(OTEL_TRACES_SAMPLER=sampler, OTEL_TRACES_SAMPLER_ARG=argument)
    telemetry = Telemetry(settings, exporter=InMemorySpanExporter())

    def decision(traceparent: str | None) -> bool:
        parent = None
        if traceparent is not None:
            received = telemetry.propagator.extract({"traceparent": traceparent})
            parent = trace.get_current_span(received).get_span_context()
        return telemetry.sampler.request("GET", parent) is None

    for _ in range(20):
        assert (decision(None), decision(SAMPLED), decision(UNSAMPLED)) == (root, of_sampled, of_unsampled)
    expected = None if sampler.endswith("_off") else "error"
    assert telemetry.sampler.late(failed=True, seconds=0) == expected


def test_our_own_budget_precedes_the_sampler() -> None:
    """An explicit budget (`OBSERVABILITY_…`) is used even if ``OTEL_TRACES_SAMPLER`` is set."""
    found = read(OTEL_TRACES_SAMPLER="always_on", OBSERVABILITY_TRACE_RATIO="0.5")
    assert (found.traces_per_second, found.trace_ratio) == (0, 0.5)
    assert (read().traces_per_second, read().trace_ratio) == (5, 0.002)


def test_a_disabled_sdk_creates_no_spans() -> None:
    """With ``OTEL_SDK_DISABLED`` the application works, has metrics, and no span is created or exported."""
    exporter = InMemorySpanExporter()
    telemetry = Telemetry(read(OTEL_SDK_DISABLED="true"), exporter=exporter)
    assert isinstance(telemetry.sampler.request("GET", None), UnsampledSpan)
    assert telemetry.sampler.late(failed=True, seconds=100) is None
    telemetry.tracer("t").start_span("x").end()
    telemetry.stop()
    assert exporter.get_finished_spans() == ()


WRONG = {
    "OTEL_TRACES_SAMPLER": "sometimes",
    "OTEL_TRACES_SAMPLER_ARG": "2",
    "OTEL_TRACES_EXPORTER": "zipkin",
    "OTEL_METRICS_EXPORTER": "otlp",
    "OTEL_LOGS_EXPORTER": "otlp",
    "OTEL_SDK_DISABLED": "perhaps",
    "OTEL_BSP_MAX_QUEUE_SIZE": "abc",
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "0",
    "OTEL_BSP_SCHEDULE_DELAY": "-1",
    "OTEL_BSP_EXPORT_TIMEOUT": "x",
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "-1",
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "long",
    "OTEL_EXPORTER_OTLP_TIMEOUT": "x",
    "OTEL_EXPORTER_OTLP_HEADERS": "broken",
    "OTEL_EXPORTER_OTLP_COMPRESSION": "zip",
    "OTEL_RESOURCE_ATTRIBUTES": "broken",
    "OTEL_PYTHON_FLASK_EXCLUDED_URLS": "(",
    "OTEL_EXPORTER_PROMETHEUS_PORT": "99999",
}


def test_wrong_values_are_ignored_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A wrong value of OpenTelemetry's variables neither fails the start nor passes silently.

    opentelemetry-python#1105, #1120.
    """
    for name, value in WRONG.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    with caplog.at_level(logging.WARNING):
        telemetry = Telemetry.start("api", logging=False, make_global=False)
    telemetry.stop()
    assert (telemetry.settings.span.queue, telemetry.settings.otlp.timeout) == (8192, 2.0)
    ignored = {record.message.partition(" ")[0] for record in caplog.records if "is ignored" in record.message}
    # The SDK does not use this limit, and so does not this library.
    assert ignored == WRONG.keys() - {"OTEL_BSP_EXPORT_TIMEOUT"}
    assert "broken" not in next(record.message for record in caplog.records if "HEADERS" in record.message)


def test_a_wrong_value_of_the_signal_gives_way_to_the_general_one() -> None:
    """If a variable of the signal cannot be used, the general one is."""
    settings = read(OTEL_EXPORTER_OTLP_TRACES_TIMEOUT="x", OTEL_EXPORTER_OTLP_TIMEOUT="7")
    assert settings.otlp.timeout == 7
    assert len(settings.warnings) == 1
    assert "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT is 'x'" in settings.warnings[0]


def test_a_batch_is_not_larger_than_the_queue() -> None:
    """A batch size above the queue's size is limited to it, where the SDK raises (opentelemetry-specification#2267)."""
    telemetry = Telemetry(
        read(OTEL_BSP_MAX_EXPORT_BATCH_SIZE="10000", OTEL_BSP_MAX_QUEUE_SIZE="100"), exporter=InMemorySpanExporter()
    )
    telemetry.stop()


def test_the_limits_of_spans_are_those_of_the_variables() -> None:
    """Limits on attributes and their length apply to the spans of the provider."""
    exporter = InMemorySpanExporter()
    telemetry = Telemetry(
        read(OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT="5", OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT="1"), exporter=exporter
    )
    telemetry.tracer("t").start_span("x", attributes={"a": "1", "b": "123456789"}).end()
    telemetry.stop()
    (span,) = exporter.get_finished_spans()
    assert dict(span.attributes or {}) == {"b": "12345"}


def test_the_port_of_opentelemetrys_exporter_is_used() -> None:
    """``OTEL_METRICS_EXPORTER`` and ``OTEL_EXPORTER_PROMETHEUS_*`` serve ``/metrics``; ours have precedence."""
    assert read().metrics_port == 0
    assert read(OTEL_METRICS_EXPORTER="prometheus").metrics_port == 9464
    assert read(OTEL_METRICS_EXPORTER="prometheus", OTEL_EXPORTER_PROMETHEUS_PORT="9000").metrics_port == 9000
    assert read(OTEL_METRICS_EXPORTER="none").metrics_port == 0
    found = read(OTEL_EXPORTER_PROMETHEUS_PORT="9000", OBSERVABILITY_METRICS_PORT="9100")
    assert found.metrics_port == 9100
    assert read(OTEL_EXPORTER_PROMETHEUS_HOST="0.0.0.0").metrics_host == "0.0.0.0"


@pytest.mark.parametrize("port", ["-1", "http", "70000"])
def test_our_own_variables_are_strict(port: str) -> None:
    """A wrong value of our own variable ends the start, even if OpenTelemetry's has a usable one."""
    with pytest.raises(WrongSetting, match="OBSERVABILITY_METRICS_PORT"):
        read(OBSERVABILITY_METRICS_PORT=port, OTEL_EXPORTER_PROMETHEUS_PORT="9000")


def test_certificates_must_exist(tmp_path: Path) -> None:
    """A file of a certificate that does not exist is an error, because every export would fail."""
    file = tmp_path / "ca.pem"
    file.touch()
    assert read(OTEL_EXPORTER_OTLP_CERTIFICATE=str(file)).otlp.certificate == str(file)
    with pytest.raises(WrongSetting, match="OTEL_EXPORTER_OTLP_CLIENT_KEY"):
        read(OTEL_EXPORTER_OTLP_CLIENT_KEY=str(tmp_path / "none.pem"))
