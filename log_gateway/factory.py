"""Create the gateway as a WSGI application."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from glasshouse_observability import Telemetry, instrument_flask
from log_gateway.api import answers, directory, queries
from log_gateway.api.asking import Asking, refusal
from log_gateway.api.tail import PATH as TAIL_PATH
from log_gateway.api.tail import TailEndpoint
from log_gateway.errors import GatewayError
from log_gateway.metrics import GatewayMetrics
from log_gateway.settings import GatewaySettings
from log_gateway.store.client import StoreClient
from log_gateway.writing.durability import StoreMonitor
from log_gateway.writing.endpoint import PATH as WRITE_PATH
from log_gateway.writing.endpoint import WriteEndpoint

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOKI_VERSION = "3.7.8"
"""The Loki version that ``.env`` pins for Compose. Clients derive the supported features from it."""
MAX_QUERY_BYTES = 128 * 1024


def create_app(settings: GatewaySettings, telemetry: Telemetry, watch: StoreMonitor) -> WSGIApplication:
    """Return the gateway. It connects to the store only on requests. The caller must start ``watch``."""
    metrics = GatewayMetrics(telemetry.registry)
    client = StoreClient(settings.store_url)
    asking = Asking(client, settings.limits, metrics)
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_FORM_MEMORY_SIZE"] = MAX_QUERY_BYTES
    for blueprint in (queries.blueprint(asking), directory.blueprint(asking)):
        app.register_blueprint(blueprint, url_prefix="/loki/api/v1")
    _add_health(app, client)
    app.register_error_handler(HTTPException, _plain)
    app.register_error_handler(GatewayError, lambda error: refusal(error, request))
    instrument_flask(app, telemetry, excluded_urls="healthz,readyz")
    apart: dict[str, WSGIApplication] = {
        WRITE_PATH: WriteEndpoint(settings.store_url, watch, metrics, settings.max_body),
        TAIL_PATH: TailEndpoint(asking),
    }

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return apart.get(environ.get("PATH_INFO", ""), app.wsgi_app)(environ, start_response)

    return serve


def _add_health(app: Flask, client: StoreClient) -> None:
    @app.get("/healthz")
    def healthz() -> Response:
        return Response("ok\n", content_type="text/plain")

    # /ready is Loki's endpoint. Health checks use /readyz, which creates no log line and no span.
    @app.get("/ready")
    @app.get("/readyz")
    def ready() -> Response:
        if client.is_ready():
            return Response("ready\n", content_type="text/plain")
        return Response("the log store does not respond\n", 503, content_type="text/plain")

    @app.get("/metrics")
    def store_metrics() -> Response:
        """Return the store's metrics on the port where Loki serves its metrics.

        The gateway's are on OBSERVABILITY_METRICS_PORT.
        """
        return Response(client.metrics(), content_type="text/plain; version=0.0.4; charset=utf-8")

    @app.get("/loki/api/v1/status/buildinfo")
    def buildinfo() -> Response:
        content = {"version": LOKI_VERSION, "revision": "glasshouse", "branch": "", "buildUser": "", "buildDate": "",
                   "goVersion": ""}  # fmt: skip
        return Response(answers.dumped(content), mimetype="application/json")


def _plain(error: HTTPException) -> Response:
    """Return HTTP errors as plain text. A 404 lists the endpoints that the gateway serves."""
    if error.code == 404:
        return Response(
            "not found: the log gateway serves query, query_range, labels, label/<name>/values, series, index/volume, "
            "index/stats, tail and status/buildinfo under /loki/api/v1, /otlp/v1/logs, and /ready\n",
            404,
            content_type="text/plain",
        )
    return Response(f"{error.description}\n", error.code, content_type="text/plain; charset=utf-8")
