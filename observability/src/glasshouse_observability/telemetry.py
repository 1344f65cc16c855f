"""The telemetry of one process: created once, at start, after any fork of a server's workers."""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Callable, Mapping
from typing import TypeVar, cast

from opentelemetry import propagate, trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.trace import Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import CollectorRegistry, disable_created_metrics

from glasshouse_observability.logs.config import configure_logging
from glasshouse_observability.logs.lines import LogLines
from glasshouse_observability.metrics import multiprocess
from glasshouse_observability.metrics.cardinality import LabelGuard
from glasshouse_observability.metrics.registry import new_registry
from glasshouse_observability.metrics.server import MetricsServer, serve
from glasshouse_observability.settings import TelemetrySettings
from glasshouse_observability.traces import provider as tracing
from glasshouse_observability.traces.sampling import Sampler

_log = logging.getLogger(__name__)
SHUTDOWN_SECONDS = 3.0
Part = TypeVar("Part")


class Telemetry:
    """Registry, tracer provider and settings of one process. Pass it to other code; only logging is global."""

    def __init__(
        self,
        settings: TelemetrySettings,
        registry: CollectorRegistry | None = None,
        exporter: SpanExporter | None = None,
    ) -> None:
        """Create the parts without changing the process; tests pass their own registry and exporter."""
        tracing.use_stable_conventions()
        self.settings = settings
        self.registry = registry if registry is not None else new_registry(settings)
        self.sampler = Sampler(settings)
        self.guard = LabelGuard(self.registry, settings.label_values)
        self.provider: TracerProvider
        self.provider, self.spans = tracing.new_provider(settings, self.registry, exporter)
        self._server: MetricsServer | None = None
        self._parts: dict[Callable[[Telemetry], object], object] = {}
        self._parts_lock = threading.Lock()

    @classmethod
    def start(cls, service: str | None = None, env: Mapping[str, str] | None = None) -> Telemetry:
        """Read the environment, log JSON, serve metrics on the internal port, and flush at exit.

        Raises:
            WrongSetting: a setting is missing or wrong.
        """
        telemetry = cls(TelemetrySettings.from_env(env, service))
        configure_logging(telemetry.settings, LogLines(telemetry.registry))
        # A ``_created`` series for each series would double their number, and no alert or recording rule reads it.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        telemetry.make_global()
        telemetry.serve_metrics()
        atexit.register(telemetry.stop)
        return telemetry

    def make_global(self) -> None:
        """Register this provider and W3C propagation for third-party code that uses OpenTelemetry's globals."""
        trace.set_tracer_provider(self.provider)
        # Without baggage: entries that a client sends would be propagated to all services behind it.
        propagate.set_global_textmap(TraceContextTextMapPropagator())

    def serve_metrics(self) -> None:
        """Serve ``/metrics`` on the internal port, unless gunicorn's master serves it for all its workers."""
        if not multiprocess.is_joined():
            self._server = serve(self.registry, self.settings.metrics_host, self.settings.metrics_port)

    def part(self, create: Callable[[Telemetry], Part]) -> Part:
        """Return ``create(self)``; the result of the first call is kept and returned by all others.

        A registry accepts each metric once, but one process may have several applications, workers and clients. So
        everything that registers metrics is created here.
        """
        with self._parts_lock:
            if create not in self._parts:
                self._parts[create] = create(self)
            return cast("Part", self._parts[create])

    def tracer(self, name: str) -> Tracer:
        """Return a tracer for the manual spans of the code named ``name``."""
        return self.provider.get_tracer(name, self.settings.version)

    def export(self, span: ReadableSpan) -> None:
        """Export a finished span that was not created by the provider's tracers."""
        if self.spans is not None:
            self.spans.on_end(span)

    def stop(self) -> None:
        """Export the remaining spans within ``SHUTDOWN_SECONDS``; called at exit, safe to call twice."""
        if self._server is not None:
            self._server.close()
            self._server = None
        if not tracing.shut_down_within(self.provider, SHUTDOWN_SECONDS):
            _log.warning("the last spans were not exported within %.0f s", SHUTDOWN_SECONDS)
