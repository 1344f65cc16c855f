"""The telemetry of one process: created once, at start, after any fork of a server's workers."""

from __future__ import annotations

import atexit
import contextlib
import logging as std_logging
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TypeVar, cast

import prometheus_client
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.trace import Tracer
from prometheus_client import CollectorRegistry

from glasshouse_observability import instances, otel_globals
from glasshouse_observability.locks import new_lock
from glasshouse_observability.logs.config import LoggingOptions, configure_logging, restore_logging
from glasshouse_observability.logs.lines import LogLines
from glasshouse_observability.metrics import multiprocess, prometheus_internals
from glasshouse_observability.metrics.cardinality import LabelGuard
from glasshouse_observability.metrics.registry import Registered, declare_service, new_registry
from glasshouse_observability.metrics.server import MetricsServer
from glasshouse_observability.settings import TelemetrySettings
from glasshouse_observability.swallowed import SwallowedErrors
from glasshouse_observability.traces import provider as tracing
from glasshouse_observability.traces.sampling import Sampler

_log = std_logging.getLogger(__name__)
SHUTDOWN_SECONDS = 3.0
Part = TypeVar("Part")


class Telemetry:
    """Registry, tracer provider and settings of one process. Pass it to other code.

    ``Telemetry(settings)`` changes nothing in the process, as tests need it; ``Telemetry.start()`` also configures the
    process. As a context manager, it calls ``stop`` at the end of the block.
    """

    def __init__(
        self,
        settings: TelemetrySettings,
        registry: CollectorRegistry | None = None,
        exporter: SpanExporter | None = None,
    ) -> None:
        """Create the parts; without ``registry`` and ``exporter``, a new registry and the exporter of the settings.

        Raises:
            RegistryInUse: another ``Telemetry``, which was not stopped, has its metrics in ``registry``.
            ValueError: ``registry`` has a metric with the name of one of ours.
        """
        tracing.use_stable_conventions()
        self.settings = settings
        if registry is None:
            registry = new_registry()
        else:
            prometheus_internals.make_values_reentrant()
        self.registry = registry
        self._registered = Registered(registry)
        self._undo = contextlib.ExitStack()
        self._undo.callback(self._registered.remove)
        self._parts: dict[Callable[[Telemetry], object], object] = {}
        self._parts_lock = new_lock()
        self._server: MetricsServer | None = None
        self._is_stopped = False
        self._logs = False
        try:
            with self._registered.adding():
                declare_service(settings, registry)
                self.errors = SwallowedErrors(registry)
                self.guard = LabelGuard(registry, settings.label_values)
                self.provider: TracerProvider
                self.provider, self.spans = tracing.new_provider(settings, registry, exporter)
        except BaseException:
            self._undo.close()
            raise
        self.sampler = Sampler(settings)
        self.propagator: TextMapPropagator = otel_globals.propagator(settings.propagators)
        self.taps: tuple[SpanProcessor, ...] = ()
        """Receive the spans that are exported (``testing``)."""
        instances.add(self)

    @classmethod
    def start(
        cls,
        service: str | None = None,
        *,
        settings: TelemetrySettings | None = None,
        exporter: SpanExporter | None = None,
        registry: CollectorRegistry | None = None,
        env: Mapping[str, str] | None = None,
        logging: bool | LoggingOptions = True,
        make_global: bool = True,
        disable_created_metrics: bool = True,
        serve_metrics: bool = True,
    ) -> Telemetry:
        """Read the settings, log JSON, serve metrics on the internal port, and flush at exit.

        ``stop`` undoes each step. Each can be omitted. In a worker of RQ that is observed, its object is
        returned unless ``settings``, ``exporter``, ``registry`` or ``env`` is given, because a job may import the web
        application, which calls this too.

        Args:
            service: the name of the service, if no variable has it.
            settings: the settings; the environment is not read then.
            exporter: receives the spans, by default an OTLP/HTTP exporter if an endpoint is set.
            registry: receives the metrics, by default a new one.
            env: the variables, by default those of the process.
            logging: whether to configure ``logging``, the warnings module and the hooks for uncaught exceptions, or
                which of these steps.
            make_global: whether to register the tracer provider and the propagator with OpenTelemetry.
            disable_created_metrics: whether new metrics of the process have no ``_created`` series, which double the
                number of series.
            serve_metrics: whether to serve ``/metrics`` on the port of the settings.

        Raises:
            WrongSetting: a setting is missing or wrong.
            RegistryInUse: another ``Telemetry``, which was not stopped, has its metrics in ``registry``.
        """
        is_plain = settings is None and exporter is None and registry is None and env is None
        if is_plain and (shared := instances.shared()) is not None:
            return cast("Telemetry", shared)
        if settings is None:
            settings = TelemetrySettings.from_env(env, service)
        telemetry = cls(settings, registry, exporter)
        try:
            telemetry.configure(logging, disable_created_metrics)
            if make_global:
                telemetry.make_global()
            if serve_metrics:
                telemetry.serve_metrics()
        except BaseException:
            telemetry.stop()
            raise
        return telemetry

    def configure(self, logging: bool | LoggingOptions = True, disable_created_metrics: bool = True) -> None:
        """Configure logging and ``prometheus_client`` as ``start`` does, and call ``stop`` at exit."""
        if logging:
            self._logs = True
            options = logging if isinstance(logging, LoggingOptions) else None
            self._undo.callback(configure_logging(self.settings, self.part(_log_lines), options))
        for sentence in self.settings.warnings:
            _log.warning("%s", sentence, extra={"event": "settings.ignored"})
        if disable_created_metrics:
            self._disable_created_metrics()
        atexit.register(self.stop)
        self._undo.callback(atexit.unregister, self.stop)

    def restore_logging(self) -> None:
        """Add the handler of JSON lines again after ``logging.config.dictConfig``, and enable the library's loggers.

        ``instrument_flask`` and the start of a worker call it. It does nothing if ``start`` did not configure logging.
        """
        if self._logs and not self._is_stopped:
            restore_logging(self.settings, self.part(_log_lines))

    def _disable_created_metrics(self) -> None:
        # No alert or recording rule reads them.
        if prometheus_internals.creates_created_series():
            prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
            self._undo.callback(prometheus_client.enable_created_metrics)

    def make_global(self) -> None:
        """Register the tracer provider and the propagator for code that uses OpenTelemetry's globals.

        A provider that another library has registered stays, because OpenTelemetry does not allow to replace it; a
        warning names it.
        """
        self._undo.callback(otel_globals.set_provider(self.provider))
        self._undo.callback(otel_globals.set_propagator(self.propagator))

    def serve_metrics(self) -> None:
        """Serve ``/metrics`` on the internal port, unless gunicorn's master serves it for all its workers.

        It returns immediately. If the port is in use, that is logged and repeated each second until it succeeds.
        """
        if self.settings.metrics_port and self._server is None and not multiprocess.is_joined():
            self._server = MetricsServer(
                self.registry, self.settings.metrics_host, self.settings.metrics_port, self.errors
            )
            self._undo.callback(self._server.close)

    def part(self, create: Callable[[Telemetry], Part]) -> Part:
        """Return ``create(self)``; the result of the first call is kept and returned by all others.

        A registry accepts each metric once, but one process may have several applications, workers and clients. So
        everything that registers metrics is created here.
        """
        with self._parts_lock:
            if create not in self._parts:
                with self._registered.adding():
                    self._parts[create] = create(self)
            return cast("Part", self._parts[create])

    def swallowed(self, where: str, error: BaseException | None = None) -> None:
        """Count an error that must not reach the application in ``telemetry_errors_total{where}``.

        It is logged at most once a minute per ``where``, a constant. ``error`` is by default the exception that is
        being handled.
        """
        self.errors.count(where, error)

    def tracer(self, name: str) -> Tracer:
        """Return a tracer for the manual spans of the code named ``name``."""
        return self.provider.get_tracer(name, self.settings.version)

    def export(self, span: ReadableSpan) -> None:
        """Export a finished span that was not created by the provider's tracers."""
        if self.spans is not None:
            self.spans.on_end(span)
        for tap in self.taps:
            tap.on_end(span)

    def stop(self) -> None:
        """Export the remaining spans within ``SHUTDOWN_SECONDS`` and undo what ``start`` has changed in the process.

        It is called at exit, and may be called twice. Instrumented applications and clients keep working; undo their
        instrumentation with ``uninstrument_…``.
        """
        if self._is_stopped:
            return
        self._is_stopped = True
        if not tracing.shut_down_within(self.provider, SHUTDOWN_SECONDS):
            _log.warning("the last spans were not exported within %.0f s", SHUTDOWN_SECONDS)
        instances.live.discard(self)
        self._undo.close()

    def __enter__(self) -> Telemetry:
        """Return this object."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_back: TracebackType | None
    ) -> None:
        """Call ``stop``."""
        self.stop()


def _log_lines(telemetry: Telemetry) -> LogLines:
    return LogLines(telemetry.registry)
