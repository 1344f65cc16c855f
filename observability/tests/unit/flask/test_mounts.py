"""Applications in applications, middleware on both sides of the boundary, and requests within requests."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, copy_current_request_context, request
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Request

from glasshouse_observability import Telemetry, context, instrument_flask
from library_support.traffic import Call, Traffic

_log = logging.getLogger("view")


def application(name: str = "outer") -> Flask:
    app = Flask(name, static_folder=None)
    app.add_url_rule("/things/<thing>", "show", lambda thing: thing)
    app.add_url_rule("/broken", "broken", broken)
    return app


def broken() -> str:
    raise RuntimeError("no luck")


@pytest.mark.parametrize("is_inside", [True, False])
@pytest.mark.parametrize("second", ["instrumented", "plain"])
@pytest.mark.parametrize(
    ("path", "route", "status"),
    [
        ("/b/things/1", "/b/things/<thing>", 200),
        ("/b/broken", "/b/broken", 500),
        ("/b/missing", "(unmatched)", 404),
        ("/things/1", "/things/<thing>", 200),
        ("/broken", "/broken", 500),
    ],
)
def test_a_mounted_application(
    traffic: Traffic, is_inside: bool, second: str, path: str, route: str, status: int
) -> None:
    """A mounted application is counted once, with its prefix in the route, and a failure has its span and its ids."""
    first, other = application(), application("second")
    if second == "instrumented":
        instrument_flask(other, traffic.telemetry)
    mounts: dict[str, Any] = {"/b": other}
    if is_inside:
        first.wsgi_app = DispatcherMiddleware(first.wsgi_app, mounts)  # type: ignore[method-assign]
        instrument_flask(first, traffic.telemetry)
        served: Callable[..., Any] = first
    else:
        instrument_flask(first, traffic.telemetry)
        served = DispatcherMiddleware(first, mounts)
        if second == "plain" and path.startswith("/b/"):
            # Not instrumented at all.
            assert Call(served, path).read().header("X-Request-ID") == []
            return
    call = Call(served, path).read()
    line = traffic.one(call)
    assert (line["http_route"], line["http_response_status_code"]) == (route, status)
    for span in traffic.spans():
        assert (span.attributes or {})["url.path"] == path


def test_a_mounted_application_without_flask(traffic: Traffic) -> None:
    """A mounted WSGI application has ids, a line and a span; its constant headers stay as they are (gevent#438)."""
    headers = [("Content-Type", "text/plain")]

    def legacy(environ: Any, start: Any) -> list[bytes]:
        start("500 No", headers if environ["QUERY_STRING"] == "" else tuple(headers))
        return [b"x"]

    app = application()
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/legacy": legacy})  # type: ignore[method-assign]
    instrument_flask(app, traffic.telemetry)
    line = traffic.one(Call(app, "/legacy").read())
    assert (line["http_route"], line["http_response_status_code"]) == ("(unmatched)", 500)
    assert len(Call(app, "/legacy", QUERY_STRING="tuple").read().header("X-Request-ID")) == 1
    assert headers == [("Content-Type", "text/plain")]


def test_an_id_that_the_application_sets_is_not_repeated(traffic: Traffic) -> None:
    """A response has one ``X-Request-ID``: the application's, if it sets one."""
    app = Flask("test")
    app.add_url_rule("/v", "v", lambda: ("v", 200, {"x-request-id": "chosen-by-the-view"}))
    instrument_flask(app, traffic.telemetry)
    call = Call(app, "/v").read()
    assert call.header("X-Request-ID") == ["chosen-by-the-view"]
    assert len(call.header("X-Trace-ID")) == 1


class Buffering:
    """Middleware that starts the response after the application has returned."""

    def __init__(self, app: Callable[..., Any]) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        kept: list[Any] = []
        body = self.app(dict(environ), lambda *args: kept.append(args))
        try:
            content = b"".join(body)
        finally:
            body.close()
        start(kept[0][0], kept[0][1])
        return [content]


@pytest.mark.parametrize("is_inside", [True, False])
@pytest.mark.parametrize("middleware", [ProxyFix, Buffering])
@pytest.mark.parametrize(("path", "status"), [("/things/1", 200), ("/broken", 500)])
def test_middleware(traffic: Traffic, is_inside: bool, middleware: Any, path: str, status: int) -> None:
    """Middleware works inside and outside of the boundary, also if it copies the environment and starts late."""
    app = application()
    if is_inside:
        app.wsgi_app = middleware(app.wsgi_app)
    instrument_flask(app, traffic.telemetry)
    if not is_inside:
        app.wsgi_app = middleware(app.wsgi_app)
    call = Call(app, path).read()
    line = traffic.one(call)
    assert (line["http_route"].split("<")[0], line["http_response_status_code"]) == (path.rstrip("1"), status)


def test_any_number_of_prefixes_is_limited(traffic: Traffic) -> None:
    """A proxy's header can create prefixes without limit; the label values stay limited."""
    app = application()
    app.wsgi_app = ProxyFix(app.wsgi_app, x_prefix=1)  # type: ignore[method-assign]
    instrument_flask(app, traffic.telemetry)
    for number in range(130):
        Call(app, "/things/1", HTTP_X_FORWARDED_PREFIX=f"/p{number}").read()
    routes = {labels[1] for labels in traffic.counted()}
    assert "/p0/things/<thing>" in routes
    assert "other" in routes
    assert len(routes) <= 118
    assert sum(traffic.counted().values()) == 130


@pytest.mark.parametrize("inner_sampled", ["00", "01"])
def test_a_request_within_a_request(traffic: Traffic, inner_sampled: str) -> None:
    """A request that a view makes to its own application leaves the outer one's ids and notes as they were."""
    app = application()
    inner = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-{inner_sampled}"}

    def outer() -> str:
        _log.info("1")
        # Its response is not closed.
        app.test_client().get("/things/1", headers=inner)
        app.test_client().get("/broken", headers=inner).get_data()
        _log.info("2")
        context.note("after", 1)
        return "outer"

    app.add_url_rule("/outer", "outer", outer)
    instrument_flask(app, traffic.telemetry)
    call = Call(app, "/outer").read()
    before, after = traffic.lines("view")
    (line,) = [each for each in traffic.requests() if each["http_route"] == "/outer"]
    for name in ("request_id", "trace_id", "span_id"):
        assert before[name] == after[name] == line[name]
    assert call.header("X-Trace-ID") == [line["trace_id"]]
    assert line["after"] == 1
    assert [each for each in traffic.lines() if each["logger"].startswith("opentelemetry")] == []


def test_a_thread_with_a_copy_of_the_context(traffic: Traffic) -> None:
    """A thread of ``copy_current_request_context`` does not change route or ids (contrib#868)."""
    app = application()

    def outer() -> str:
        thread = threading.Thread(target=copy_current_request_context(lambda: _log.info(request.path)))
        thread.start()
        thread.join()
        _log.info("after")
        return "outer"

    app.add_url_rule("/outer", "outer", outer)
    instrument_flask(app, traffic.telemetry)
    line = traffic.one(Call(app, "/outer").read())
    assert line["http_route"] == "/outer"
    assert traffic.lines("view")[-1]["trace_id"] == line["trace_id"]
    assert traffic.lines("opentelemetry.context") == []


@pytest.mark.parametrize("late", [True, False])
def test_other_request_objects(traffic: Traffic, late: bool) -> None:
    """A second request object of the same environment does not hide the route (pallets/werkzeug#3284)."""
    app = application()
    app.add_url_rule("/args", "args", lambda: str(Request(request.environ).args))
    if late:
        inner = app.wsgi_app

        def middleware(environ: Any, start: Any) -> Any:
            body = inner(environ, start)
            Request(environ)
            return body

        app.wsgi_app = middleware  # type: ignore[method-assign]
    instrument_flask(app, traffic.telemetry)
    assert traffic.one(Call(app, "/args").read())["http_route"] == "/args"


def test_contexts_without_a_request(traffic: Traffic) -> None:
    """Contexts that are pushed by hand leave no line, no count and no span, and change no request."""
    app = application()

    def outer() -> str:
        with app.test_request_context("/things/1"):
            app.preprocess_request()
        return "outer"

    app.add_url_rule("/outer", "outer", outer)
    instrument_flask(app, traffic.telemetry)
    with app.test_request_context("/things/1"):
        app.preprocess_request()
        _log.info("by hand")
    assert (traffic.requests(), traffic.spans(), traffic.counted()) == ([], [], {})
    assert "request_id" not in traffic.lines("view")[0]
    assert traffic.one(Call(app, "/outer").read())["http_route"] == "/outer"


def test_a_finished_request_may_be_entered_again(traffic: Traffic) -> None:
    """Werkzeug's debugger pushes the context of a finished request again (contrib#3099)."""
    app, kept = application(), list[Any]()
    app.add_url_rule("/kept", "kept", lambda: (kept.append(request._get_current_object()), "kept")[1])  # type: ignore[attr-defined]
    instrument_flask(app, traffic.telemetry)
    call = Call(app, "/kept").read()
    with app.request_context(call.environ):
        app.preprocess_request()
    traffic.one(call)


def test_applications_share_a_telemetry(traffic: Traffic) -> None:
    """Any number of applications, as a factory creates them in tests, share one telemetry."""
    apps = [application(f"app{number}") for number in range(3)]
    metrics = {id(instrument_flask(app, traffic.telemetry)) for app in apps}
    assert len(metrics) == 1
    for app in apps:
        Call(app, "/things/1").read()
    assert traffic.counted() == {("GET", "/things/<thing>", "200"): 3.0}


def test_applications_of_two_telemetries(traffic: Traffic, telemetry: Telemetry) -> None:
    """An application that is mounted in another one's request is part of that request, whatever its telemetry."""
    outer, inner = application(), application("inner")
    instrument_flask(inner, telemetry)
    outer.wsgi_app = DispatcherMiddleware(outer.wsgi_app, {"/b": inner})  # type: ignore[method-assign]
    instrument_flask(outer, traffic.telemetry)
    traffic.one(Call(outer, "/b/things/1").read())
