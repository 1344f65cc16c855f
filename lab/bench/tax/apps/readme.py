"""The application with the packages that ``observability/`` uses, each set up as its README describes."""

import logging
import os
import sys

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.pymongo import PymongoInstrumentor
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import start_http_server
from prometheus_flask_exporter import PrometheusMetrics
from pythonjsonlogger.json import JsonFormatter

from lab.bench.tax.apps.logged import log_requests
from lab.bench.tax.apps.shop import connect, create_app

_provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
_provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(_provider)
PymongoInstrumentor().instrument()
RedisInstrumentor().instrument()

_handler = logging.StreamHandler(sys.stdout)
_handler.setFormatter(JsonFormatter("{message}{asctime}{levelname}{name}", style="{"))
logging.getLogger().addHandler(_handler)
logging.getLogger().setLevel(logging.INFO)

app = create_app(*connect())
FlaskInstrumentor().instrument_app(app)  # type: ignore[no-untyped-call]
PrometheusMetrics(app, path=None)
start_http_server(int(os.environ["OBSERVABILITY_METRICS_PORT"]))


def _ids() -> dict[str, str]:
    ids = trace.get_current_span().get_span_context()
    return {"trace_id": format(ids.trace_id, "032x"), "span_id": format(ids.span_id, "016x")}


log_requests(app, _ids)
