"""Applications that OpenTelemetry's ``FlaskInstrumentor`` has instrumented before us.

With ``opentelemetry-instrument`` every new application is. Its hooks would create a second span for each request, so
they are taken out, and put back by ``uninstrument_flask``. Hooks of the application itself stay where they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Flask
from opentelemetry.trace import Span

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_MODULE = "opentelemetry.instrumentation.flask"
_FLAG = "_is_instrumented_by_opentelemetry"


class ForeignHooks:
    """The hooks of another instrumentation, taken out of ``app``."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._taken: list[tuple[list[Any], int, Any]] = []
        for funcs in (app.before_request_funcs, app.teardown_request_funcs):
            hooks: list[Any] = funcs.get(None, [])
            for index in reversed(range(len(hooks))):
                if getattr(hooks[index], "__module__", None) == _MODULE:
                    self._taken.append((hooks, index, hooks.pop(index)))
        self._wsgi_app: Any = None
        original = getattr(app, "_original_wsgi_app", None)
        self._is_wrapped_further = False
        # Prevents another ``instrument_app`` of the application.
        self._flag = vars(app).get(_FLAG)
        setattr(app, _FLAG, True)
        if original is not None:
            if getattr(app.wsgi_app, "__module__", None) == _MODULE:
                self._wsgi_app, app.wsgi_app = app.wsgi_app, original  # type: ignore[method-assign]
            else:
                self._is_wrapped_further = True

    def satisfy(self, environ: WSGIEnvironment, span: Span) -> None:
        """Give the instrumentation's WSGI layer a span if it is still there, inside of the application's middleware.

        Without one it would log a warning for each request.
        """
        if self._is_wrapped_further:
            environ.setdefault("opentelemetry-flask.span_key", span)

    def restore(self) -> None:
        """Put the hooks back; call it when ``app.wsgi_app`` is again as it was afterwards."""
        if self._flag is None:
            delattr(self._app, _FLAG)
        else:
            setattr(self._app, _FLAG, self._flag)
        for hooks, index, hook in reversed(self._taken):
            hooks.insert(index, hook)
        if self._wsgi_app is not None:
            self._app.wsgi_app = self._wsgi_app  # type: ignore[method-assign]
