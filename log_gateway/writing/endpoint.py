"""``POST /otlp/v1/logs``.

It is a separate WSGI application because its requests must not be logged: each line would cause another request.
Failures are logged and counted.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import requests
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from log_gateway.metrics import GatewayMetrics
from log_gateway.writing.batch import WrongBatch, prepared
from log_gateway.writing.durability import StoreLost, StoreMonitor

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PATH = "/otlp/v1/logs"
STREAM_FIELDS = ("service.name", "level")
"""The attributes that Loki is configured to index (``stack/config/loki/loki.yaml``)."""
DURABLE_SECONDS = 20.0
"""Shorter than the Collector's timeout (``timeout`` in collector.yaml)."""
_TAKE_SECONDS = 10.0
_RETRY_SECONDS = "1"
_PROTOBUF = "application/x-protobuf"

_log = logging.getLogger("log_gateway.writing")


class WriteEndpoint:
    """Forwards a batch to the store and responds once it is on disk."""

    def __init__(self, store_url: str, watch: StoreMonitor, metrics: GatewayMetrics, max_body: int) -> None:
        self._url, self._watch, self._metrics, self._max_body = store_url, watch, metrics, max_body
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.mount(store_url, requests.adapters.HTTPAdapter(pool_maxsize=64))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Respond to a request."""
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if request.method != "POST":
            return Response("only POST is allowed here\n", 405, {"Allow": "POST"})
        began = time.monotonic()
        try:
            size = self._write(request)
        except WrongBatch as error:
            self._metrics.writes.labels("refused").inc()
            return Response(f"{error}\n", error.status)
        except (StoreLost, requests.RequestException) as error:
            self._metrics.writes.labels("unavailable").inc()
            reason = str(error) or type(error).__name__
            _log.warning("the log store is unavailable: %s", reason, extra={"event": "log_gateway.store_unavailable"})
            return Response("the log store is unavailable\n", 503, {"Retry-After": _RETRY_SECONDS})
        self._metrics.writes.labels("durable").inc()
        self._metrics.write_bytes.inc(size)
        self._metrics.durable_seconds.observe(time.monotonic() - began)
        return Response(b"", mimetype=_PROTOBUF)

    def _write(self, request: Request) -> int:
        """Return the batch's size once it is on disk. Raises ``WrongBatch``, ``StoreLost`` or requests' exceptions."""
        batch = prepared(*self._received(request), STREAM_FIELDS, self._max_body)
        epoch = self._watch.now().epoch
        answer = self._session.post(
            f"{self._url}/insert/opentelemetry/v1/logs",
            data=batch,
            headers={"Content-Type": _PROTOBUF, "VL-Stream-Fields": ",".join(STREAM_FIELDS)},
            timeout=(2.0, _TAKE_SECONDS),
        )
        if 400 <= answer.status_code < 500 and answer.status_code != 429:
            reason = answer.text[:300]
            _log.error("the log store refused a batch: %s", reason, extra={"event": "log_gateway.batch_refused"})
            raise WrongBatch(f"the log store refused the batch: {reason}", answer.status_code)
        answer.raise_for_status()
        self._watch.wait_durable(epoch, DURABLE_SECONDS)
        return len(batch)

    def _received(self, request: Request) -> tuple[bytes, str]:
        """Return the body and its encoding."""
        if request.mimetype != _PROTOBUF:
            raise WrongBatch(f"send OTLP as {_PROTOBUF}, not as {request.mimetype or 'nothing'}", 415)
        request.max_content_length = self._max_body
        try:
            return request.get_data(cache=False), request.headers.get("Content-Encoding", "").lower()
        except RequestEntityTooLarge as error:
            raise WrongBatch(f"a batch may have at most {self._max_body} bytes: send smaller ones", 413) from error
