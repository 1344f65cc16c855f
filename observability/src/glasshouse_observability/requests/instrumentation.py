"""Instrumentation of ``requests``: a span, the trace context and the request id on each request, and its duration."""

from __future__ import annotations

from typing import Any

from opentelemetry import trace
from requests import Session

from glasshouse_observability.requests.sending import Sender, Sending, current
from glasshouse_observability.telemetry import Telemetry
from glasshouse_observability.traces.unsampled import is_suppressed
from glasshouse_observability.versions import require_extra
from glasshouse_observability.wrapping.integration import Integration
from glasshouse_observability.wrapping.patches import Method, Patches
from glasshouse_observability.wrapping.targets import Targets

_EXPORTER = "OTel-OTLP-Exporter"
"""The beginning of the ``User-Agent`` of OpenTelemetry's exporters."""


def _install(telemetry: Telemetry, targets: Targets[Session], patches: Patches) -> None:
    require_extra("requests")
    sender = Sender(telemetry)

    def send(method: Method) -> Method:
        def observed(self: Session, request: Any, **options: Any) -> Any:
            if not (targets.everything or self in targets) or (is_suppressed() and _is_export(request)):
                return method(self, request, **options)
            outer = current.get()
            sending = Sending(sender, request, 0 if outer is None else outer.next_redirection())
            token = current.set(sending)
            try:
                response = method(self, request, **options)
            except BaseException as failure:
                sending.fail(failure)
                raise
            finally:
                current.reset(token)
            sending.end(response)
            return response

        return observed

    def resolve_redirects(method: Method) -> Method:
        def observed(self: Session, resp: Any, *args: Any, **options: Any) -> Any:
            sending = current.get()
            if sending is not None and getattr(resp, "is_redirect", False):
                # The session will send another request, by calling ``send`` again: the first one has its response.
                sending.end(resp)
            return method(self, resp, *args, **options)

        return observed

    patches.wrap(Session, "send", send)
    patches.wrap(Session, "resolve_redirects", resolve_redirects)


def _is_export(request: Any) -> bool:
    """Return whether an exporter sends telemetry, which is not the application's request."""
    if not trace.get_current_span().get_span_context().is_valid:
        return True
    agent = (getattr(request, "headers", None) or {}).get("User-Agent")
    return isinstance(agent, str) and agent.startswith(_EXPORTER)


_integration: Integration[Session] = Integration("requests", _install)


def instrument_requests(telemetry: Telemetry, session: Session | None = None) -> None:
    """Observe the requests of one session, or of every session of the process, made before and after the call.

    Calls without a session (``requests.get``) and sessions of other libraries are included. Each request carries
    ``X-Request-ID`` and the trace context, also if it is not traced. URLs are recorded with redacted user information
    and sensitive query parameters, errors by their class only.

    Raises:
        AlreadyInstrumented: it was called with another ``Telemetry``.
        UnsupportedVersion: requests is older than 2.28 or newer than 2.x.
    """
    _integration.instrument(telemetry, session)


def uninstrument_requests(session: Session | None = None) -> None:
    """Observe one session, or every session, no longer; without effect if it is not observed."""
    _integration.uninstrument(session)
