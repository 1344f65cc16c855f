"""One request that is sent: its span, its headers, its duration."""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from requests.structures import CaseInsensitiveDict

from glasshouse_observability import context
from glasshouse_observability.requests.attributes import OTHER_METHOD, attributes_of, host_and_port, known_method
from glasshouse_observability.requests.metrics import NO_RESPONSE, ClientMetrics
from glasshouse_observability.safe import type_name
from glasshouse_observability.telemetry import Telemetry
from glasshouse_observability.traces.unsampled import is_suppressed

WHERE = "requests"
_REQUEST_ID = "X-Request-ID"
_OURS = "_glasshouse_request_id"
"""The attribute of a prepared request with the id that we added, so that a repeated request gets a new one."""

current: ContextVar[Sending | None] = ContextVar("sending", default=None)
"""The request that the current call of ``Session.send`` sends."""


class Sender:
    """Begins and ends the observation of requests; nothing here raises."""

    def __init__(self, telemetry: Telemetry) -> None:
        self.telemetry = telemetry
        self.metrics = telemetry.part(ClientMetrics)
        self.tracer = telemetry.tracer(__name__)


class Sending:
    """The observation of one request; a redirection is the end of it, because it leads to another request."""

    def __init__(self, sender: Sender, request: Any, redirection: int) -> None:
        """``redirection`` is the number of the redirection that leads to this request, 0 for the first request."""
        self._sender, self._ended = sender, False
        self._span: Span | None = None
        self._redirections = redirection
        self._method = known_method(getattr(request, "method", None))
        self._address = host_and_port(getattr(request, "url", None))
        try:
            self._begin(request)
        except Exception:  # noqa: BLE001  (telemetry never breaks the call)
            sender.telemetry.swallowed(WHERE)
        self._started = time.perf_counter()

    def _begin(self, request: Any) -> None:
        if request.headers is None:
            request.headers = CaseInsensitiveDict()
        if is_suppressed():
            if trace.get_current_span().get_span_context().is_valid:
                # The ids of a request that is not traced: its callees are not traced either.
                self._sender.telemetry.propagator.inject(request.headers)
        else:
            attributes = attributes_of(request.method, self._method, self._address, request.url)
            if self._redirections:
                attributes["http.request.resend_count"] = self._redirections
            name = "HTTP" if self._method == OTHER_METHOD else self._method
            self._span = span = self._sender.tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes)
            self._sender.telemetry.propagator.inject(request.headers, trace.set_span_in_context(span))
        _set_request_id(request)

    def next_redirection(self) -> int:
        """Return the number of the next redirection; 0 if this request has no response yet and so no redirection."""
        self._redirections += self._ended
        return self._redirections if self._ended else 0

    def end(self, response: Any) -> None:
        """Observe the response; without effect if the request has ended already."""
        status = getattr(response, "status_code", None)
        self._end(status if type(status) is int else NO_RESPONSE, "")

    def fail(self, failure: BaseException) -> None:
        """Observe the exception that is raised instead of a response; its text contains the URL and is not recorded."""
        self._end(NO_RESPONSE, type_name(type(failure)))

    def _end(self, status: int, error: str) -> None:
        if self._ended:
            return
        self._ended = True
        elapsed = time.perf_counter() - self._started
        try:
            self._sender.metrics.observe(self._address, self._method, status, elapsed)
            if self._span is not None:
                _end_span(self._span, status, error)
        except Exception:  # noqa: BLE001  (the caller gets the response)
            self._sender.telemetry.swallowed(WHERE)


def _end_span(span: Span, status: int, error: str) -> None:
    if status:
        span.set_attribute("http.response.status_code", status)
    if status >= 400:
        error = str(status)
        # Without a description: the conventions leave it out when it would repeat the status code.
        span.set_status(Status(StatusCode.ERROR))
    elif error:
        span.set_status(Status(StatusCode.ERROR, error))
    if error:
        span.set_attribute("error.type", error)
    span.end()


def _set_request_id(request: Any) -> None:
    """Set the id of the current request, unless the application has set one; a repeated request gets the new id."""
    request_id = context.request_id.get()
    if request_id is None:
        return
    present = request.headers.get(_REQUEST_ID)
    if present is None or present == request.__dict__.get(_OURS):
        request.headers[_REQUEST_ID] = request.__dict__[_OURS] = request_id
