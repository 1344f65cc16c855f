"""One request in progress: its ids, its sampling decision, the start of its response and its body."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol
from weakref import ref

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from glasshouse_observability import context
from glasshouse_observability.flask.attributes import UNMATCHED
from glasshouse_observability.flask.keys import EXCHANGE_KEY, WAITED_KEY
from glasshouse_observability.flask.spans import Failure, SampledSpan, record_exception
from glasshouse_observability.traces.unsampled import UnsampledSpan, is_unsampled

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from opentelemetry.trace import Tracer

    from glasshouse_observability.flask.callers import Callers
    from glasshouse_observability.flask.excluded import ExcludedUrls
    from glasshouse_observability.flask.metrics import RequestMetrics
    from glasshouse_observability.flask.routes import Routes
    from glasshouse_observability.telemetry import Telemetry
    from glasshouse_observability.traces.sampling import Sampler

HANDED_OVER = 101
"""The status of a request whose connection was handed over, as for a WebSocket, so that no response was started."""
_END: Any = object()
_IDS = frozenset({"x-request-id", "x-trace-id"})


def current(environ: WSGIEnvironment) -> Exchange | None:
    """Return the request in progress of this environment; ``None`` if there is none, or it has ended."""
    known = environ.get(EXCHANGE_KEY)
    exchange: Exchange | None = None if known is None else known()
    return None if exchange is None or exchange.is_finished else exchange


class Boundary(Protocol):
    """What a request uses of the boundary that it has entered."""

    plain: WSGIApplication
    traced: WSGIApplication
    tracer: Tracer
    telemetry: Telemetry
    metrics: RequestMetrics
    sampler: Sampler
    callers: Callers
    excluded: ExcludedUrls | None
    routes: Routes
    clock: Callable[[], float]

    def report(self, exchange: Exchange) -> None:
        """Count and log a request that has ended, and end or create its span if it needs one."""


class Exchange:
    """One request, and the body of its response, whose ``close`` ends the request."""

    __slots__ = (
        "__weakref__",
        "_boundary",
        "_headers",
        "_start_response",
        "body",
        "environ",
        "failure",
        "is_begun",
        "is_excluded",
        "is_finished",
        "notes",
        "request_id",
        "route",
        "run",
        "span",
        "started",
        "status",
        "template",
    )

    def __init__(self, boundary: Boundary, environ: WSGIEnvironment, start_response: StartResponse) -> None:
        self._boundary, self.environ, self._start_response = boundary, environ, start_response
        self.status, self.route = 0, UNMATCHED
        self.template: str | None = None
        self.failure: Failure | None = None
        self.is_begun = self.is_finished = self.is_excluded = False
        self.body: Any = ()
        self.run: Callable[..., Any]
        self.span: UnsampledSpan | SampledSpan

    def begin(self) -> WSGIApplication:
        """Bind the ids and return the application that is to serve the request; runs in the request's own context."""
        boundary, environ = self._boundary, self.environ
        waited = environ.get(WAITED_KEY, 0.0)
        self.started = boundary.clock() - waited
        # Weak, so that a response that is dropped ends at once, without the garbage collector.
        environ[EXCHANGE_KEY] = ref(self)
        request_id = context.accept_request_id(environ.get("HTTP_X_REQUEST_ID"))
        environ["HTTP_X_REQUEST_ID"] = self.request_id = request_id
        context.request_id.set(request_id)
        self.notes: dict[str, str | int | float] = {}
        context.notes.set(self.notes)
        parent, caller = boundary.callers.of(environ)
        if boundary.excluded is not None and boundary.excluded.match(environ):
            self.is_excluded = True
            unsampled: UnsampledSpan | None = boundary.sampler.never()
        else:
            unsampled = boundary.sampler.request(environ["REQUEST_METHOD"], parent)
        is_unsampled.set(unsampled is not None)
        if unsampled is None:
            sampled = self.span = SampledSpan(boundary.tracer, environ, caller, waited)
            otel_context.attach(sampled.within(caller))
            app = boundary.traced
        else:
            self.span = unsampled
            within = unsampled.within()
            otel_context.attach(Context({**caller, **within}) if caller else within)
            app = boundary.plain
        trace_id = self.span.trace_id
        self._headers = [("X-Request-ID", request_id)]
        if trace_id and not self.is_excluded:
            self._headers.append(("X-Trace-ID", trace_id))
        boundary.metrics.begin(id(self))
        self.is_begun = True
        return app

    def matched(self, template: str, environ: WSGIEnvironment) -> None:
        """Record the rule that the framework has matched in ``environ``; the first one counts."""
        if self.template is None:
            self.template = template
            mount = environ.get("SCRIPT_NAME")
            self.route = f"{self._boundary.routes.mount(mount)}{template}" if mount else template

    def failed_with(self, error: BaseException, is_logged: bool) -> None:
        """Record the exception that ends the request; ``is_logged`` states whether the framework logs it."""
        if self.failure is not None:
            # The same exception, or one that it has caused, on its way to the server.
            self.failure.error = None if is_logged else error
        else:
            self.failure = Failure(error, is_logged)
            try:
                record_exception(self.span, error)
            except Exception:  # noqa: BLE001  (telemetry never breaks a request)
                self._boundary.telemetry.swallowed("flask.exception")

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        """Implement ``start_response``: record status and route, and add the request's ids to the headers."""
        number = 500
        try:
            number = int(status[:3])
            if self.template is None:
                self._match_late()
            own = self._headers
            for name, _ in headers:
                if name[0] in "xX" and name.lower() in _IDS:
                    present = {name.lower() for name, _ in headers}
                    own = [header for header in own if header[0].lower() not in present]
                    break
            # A new list: the application may use one list for all its responses.
            headers = [*headers, *own]
        except (ValueError, TypeError, IndexError, AttributeError):
            # Not according to PEP 3333; the server reports it.
            pass
        if exc_info is None:
            write = self._start_response(status, headers)
        else:
            write = self._start_response(status, headers, exc_info)
        self.status = number
        return write

    def __iter__(self) -> Iterator[bytes]:
        run = self.run
        try:
            chunks = run(iter, self.body)
            # With a default, because an exception at the end of each body would take longer than all the rest.
            while (chunk := run(next, chunks, _END)) is not _END:
                yield chunk
            # The last byte is with the server; what ``close`` does is not part of the request.
            run(self._finish)
        except GeneratorExit:
            return
        except BaseException as error:
            run(self.failed_with, error, False)
            raise

    def __len__(self) -> int:
        # For servers that set Content-Length if the body has one chunk; raises TypeError for an iterator.
        return len(self.body)

    def __bool__(self) -> bool:
        return True

    def close(self) -> None:
        """Close the inner body, and end the request if that has not happened at the end of the body."""
        self.run(self._close)

    def _close(self) -> None:
        try:
            if close := getattr(self.body, "close", None):
                close()
        except BaseException as error:
            if not self.is_finished:
                self.failed_with(error, is_logged=False)
            raise
        finally:
            self._finish()

    def watched(self, body: Any) -> Iterable[bytes]:
        """Return ``body``, the server's file wrapper, whose ``close`` now ends the request.

        A server recognises its own wrapper and lets the operating system send the file.
        """
        inner = SimpleNamespace(close=body.close) if hasattr(body, "close") else None
        try:
            body.close = self.close
        except (AttributeError, TypeError):
            return self
        self.body = inner
        wrapper: Iterable[bytes] = body
        return wrapper

    def fail(self, error: BaseException) -> None:
        """End a request whose application has raised ``error`` without a response."""
        if isinstance(error, StopIteration) and not self.status:
            # gunicorn's sign that the application has taken over the connection.
            self.status = HANDED_OVER
        else:
            self.status = 500
            self.failed_with(error, is_logged=False)
        self._finish()

    def __del__(self) -> None:
        # A response that its server, or a test, has dropped without closing it. Its generators end in the
        # request's context, as Flask's require, but its callbacks are not called.
        if not self.is_finished and self.is_begun:
            self.run(self._drop)

    def _drop(self) -> None:
        self.body = None
        self._finish()

    def _match_late(self) -> None:
        # Requests that end before Flask's first hook runs, and mounted applications that are not instrumented.
        rule = getattr(self.environ.get("werkzeug.request"), "url_rule", None)
        if rule is not None:
            self.matched(rule.rule, self.environ)

    def _finish(self) -> None:
        """Report the request; only the first call takes effect."""
        if self.is_finished:
            return
        self.is_finished = True
        self.environ.pop(EXCHANGE_KEY, None)
        try:
            self._boundary.report(self)
        except Exception:  # noqa: BLE001  (telemetry never breaks a request)
            self._boundary.telemetry.swallowed("flask.report")
