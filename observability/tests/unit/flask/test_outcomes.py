"""Every way in which Flask can answer or fail: one line, one count, and a span that agrees with them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, abort, redirect, views
from flask.sessions import SessionInterface
from werkzeug.exceptions import HTTPException

from glasshouse_observability import instrument_flask
from library_support.traffic import Call, Traffic


class Unprintable(Exception):
    """An exception whose text cannot be made."""

    def __str__(self) -> str:
        raise ValueError("no text")


def fail(error: BaseException | None = None) -> Any:
    raise error or RuntimeError("no luck")


def application(traffic: Traffic, prepare: Callable[[Flask], object], **config: Any) -> Flask:
    app = Flask("test", static_folder=None)
    app.config.update(config)
    prepare(app)
    instrument_flask(app, traffic.telemetry)
    return app


def view(function: Callable[[], Any], **options: Any) -> Callable[[Flask], object]:
    return lambda app: app.add_url_rule("/v", "v", function, **options)


@pytest.mark.parametrize("error", [RuntimeError("no luck"), Unprintable(), ValueError("\ud800")])
@pytest.mark.parametrize("has_handler", [True, False])
def test_an_exception_in_a_view(traffic: Traffic, error: Exception, has_handler: bool) -> None:
    """Any exception in a view is answered by the application's own handler, and is an error in every signal."""

    def prepare(app: Flask) -> None:
        view(lambda: fail(error))(app)
        if has_handler:
            app.register_error_handler(500, lambda _: ("sorry", 500))

    call = Call(application(traffic, prepare), "/v").read()
    assert b"".join(call.sent).startswith(b"sorry" if has_handler else b"<!doctype")
    line = traffic.one(call)
    assert (line["http_route"], line["error_type"]) == ("/v", "500")
    (span,) = traffic.spans()
    assert [event.name for event in span.events] == ["exception"]
    assert (span.status.description or "").startswith(type(error).__name__)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), BaseException("base")])
def test_what_is_no_error_passes_through(traffic: Traffic, error: BaseException) -> None:
    """An exit of the process, or of a greenlet, reaches the server unchanged, with the route in every signal."""
    app = application(traffic, view(lambda: fail(error)))
    with pytest.raises(type(error)) as caught:
        Call(app, "/v")
    assert caught.value is error
    line = traffic.one()
    assert (line["http_route"], line["http_response_status_code"]) == ("/v", 500)
    assert line["exception_type"].endswith(type(error).__name__)


@pytest.mark.parametrize("option", ["PROPAGATE_EXCEPTIONS", "TESTING", "DEBUG"])
def test_exceptions_may_be_propagated(traffic: Traffic, option: str) -> None:
    """An exception that Flask passes to the server is logged in the request's line, because Flask does not log it."""
    app = application(traffic, view(fail), **{option: True})
    with pytest.raises(RuntimeError):
        Call(app, "/v")
    line = traffic.one()
    assert (line["http_route"], line["exception_message"]) == ("/v", "no luck")


def test_trapped_http_exceptions(traffic: Traffic) -> None:
    """``TRAP_HTTP_EXCEPTIONS`` makes every ``abort`` an exception of the application."""
    app = application(traffic, view(lambda: abort(418)), TRAP_HTTP_EXCEPTIONS=True)
    call = Call(app, "/v").read()
    assert traffic.one(call)["http_response_status_code"] == 500


def hooks(where: str) -> Callable[[Flask], None]:
    def prepare(app: Flask) -> None:
        view(lambda: "fine")(app)
        getattr(app, where)(lambda *_: fail())

    return prepare


@pytest.mark.parametrize("where", ["before_request", "after_request", "url_value_preprocessor"])
def test_a_hook_that_raises(traffic: Traffic, where: str) -> None:
    """An exception in a hook is answered 500 and counted once (rycus86/prometheus_flask_exporter#113)."""
    call = Call(application(traffic, hooks(where)), "/v").read()
    line = traffic.one(call)
    assert (line["http_route"], line["http_response_status_code"]) == ("/v", 500)


def test_a_teardown_that_raises(traffic: Traffic) -> None:
    """An exception in ``teardown_request`` reaches the server, which answers 500."""
    app = application(traffic, hooks("teardown_request"))
    with pytest.raises(RuntimeError):
        Call(app, "/v")
    assert traffic.one()["error_type"] == "500"


@pytest.mark.parametrize("where", ["before_request", "url_value_preprocessor"])
def test_a_hook_that_refuses(traffic: Traffic, where: str) -> None:
    """A hook that is older than the instrumentation and ends the request (opentracing/opentracing-python#110)."""

    def prepare(app: Flask) -> None:
        view(lambda: "fine")(app)
        getattr(app, where)(lambda *_: abort(401))

    call = Call(application(traffic, prepare), "/v").read()
    assert traffic.one(call)["http_response_status_code"] == 401


def test_a_session_that_cannot_be_opened(traffic: Traffic) -> None:
    """A failure before routing has all its signals; spans of the session interface are in the request's trace."""
    tracer = traffic.telemetry.tracer("session")

    class Broken(SessionInterface):
        def open_session(self, app: Any, request: Any) -> Any:
            with tracer.start_as_current_span("session.read"):
                raise OSError("no store")

    def prepare(app: Flask) -> None:
        view(lambda: "fine")(app)
        app.session_interface = Broken()

    call = Call(application(traffic, prepare), "/v").read()
    line = traffic.one(call)
    assert line["http_response_status_code"] == 500
    inner = [span for span in traffic.spans() if span.name == "session.read"]
    assert [format(span.context.trace_id, "032x") for span in inner] == [line["trace_id"]] * traffic.is_sampled


@pytest.mark.parametrize("handled", [Exception, HTTPException, 404])
def test_handlers_of_the_application(traffic: Traffic, handled: Any) -> None:
    """The status of the application's own handler counts."""

    def prepare(app: Flask) -> None:
        app.register_error_handler(handled, lambda _: ("gone", 410))

    call = Call(application(traffic, prepare), "/missing").read()
    line = traffic.one(call)
    assert (line["http_route"], line["http_response_status_code"]) == ("(unmatched)", 410)


def test_an_error_page_with_another_status(traffic: Traffic) -> None:
    """An exception that is answered below 500 is an error in every signal nevertheless."""

    def prepare(app: Flask) -> None:
        view(fail)(app)
        app.register_error_handler(500, lambda _: ("maintenance", 200))

    line = traffic.one(Call(application(traffic, prepare), "/v").read())
    assert (line["http_response_status_code"], line["error_type"]) == (200, "RuntimeError")


@pytest.mark.parametrize(
    ("method", "path", "status", "route"),
    [
        ("GET", "/item/1", 200, "/item/<int:number>"),
        ("HEAD", "/item/1", 200, "/item/<int:number>"),
        ("OPTIONS", "/item/1", 200, "/item/<int:number>"),
        ("POST", "/item/1", 405, "(unmatched)"),
        ("GET", "/item/one", 404, "(unmatched)"),
        ("GET", "/folder", 308, "(unmatched)"),
        ("GET", "/old", 308, "(unmatched)"),
        ("GET", "/also/2", 200, "/also/<int:number>"),
        ("PURGE", "/purge", 200, "/purge"),
        ("get", "/item/1", 200, "/item/<int:number>"),
        ("GET", "/away", 302, "/away"),
        ("GET", "/class", 200, "/class"),
        ("GET", "/late", 200, "/late"),
        ("GET", "/blue/late", 200, "/blue/late"),
    ],
)
def test_routes(traffic: Traffic, method: str, path: str, status: int, route: str) -> None:
    """The route is the same in line, metric and span, for every kind of rule and every reason that none matches."""

    class Things(views.MethodView):
        def get(self) -> str:
            return "thing"

    def prepare(app: Flask) -> None:
        app.add_url_rule("/item/<int:number>", "item", lambda number: "item")
        app.add_url_rule("/also/<int:number>", "item")
        app.add_url_rule("/folder/", "folder", lambda: "folder")
        app.add_url_rule("/old", "old", redirect_to="/item/1")
        app.add_url_rule("/only-built/<word>", "built", build_only=True)
        app.add_url_rule("/socket", "socket", lambda: "", websocket=True)
        app.add_url_rule("/purge", "purge", lambda: "purged", methods=["PURGE"])
        app.add_url_rule("/away", "away", lambda: redirect("/item/1"))
        app.add_url_rule("/class", view_func=Things.as_view("things"))

    app = application(traffic, prepare)
    blueprint = Blueprint("blue", "blue")
    blueprint.add_url_rule("/late", "late", lambda: "late")
    app.register_blueprint(blueprint, url_prefix="/blue")
    app.add_url_rule("/late", "late", lambda: "late")
    line = traffic.one(Call(app, path, REQUEST_METHOD=method).read())
    assert (line["http_response_status_code"], line["http_route"]) == (status, route)
    known = {"PURGE": "_OTHER"}.get(method, method.upper())
    assert (line["http_request_method"], line.get("http_request_method_original")) == (
        known,
        method if known == "_OTHER" else None,
    )


@pytest.mark.parametrize("subdomain", [True, False])
def test_hosts_and_subdomains(traffic: Traffic, subdomain: bool) -> None:
    """Rules of hosts and subdomains are instrumented like others."""
    options: dict[str, Any] = {"subdomain_matching": True} if subdomain else {"host_matching": True, "static_host": "a"}
    rule = {"subdomain": "shop"} if subdomain else {"host": "shop.example"}
    app = Flask("test", **options, static_folder=None if subdomain else "static")
    app.config["SERVER_NAME"] = "example" if subdomain else None
    app.add_url_rule("/v", "v", lambda: "v", **rule)
    instrument_flask(app, traffic.telemetry)
    assert traffic.one(Call(app, "/v", HTTP_HOST="shop.example").read())["http_route"] == "/v"


def test_a_connection_that_is_handed_over(traffic: Traffic) -> None:
    """gunicorn's way to hand over a WebSocket is no error (benoitc/gunicorn#1852)."""

    class Hijacked(Response):
        def __call__(self, environ: Any, start_response: Any) -> Any:
            raise StopIteration

    app = application(traffic, view(lambda: Hijacked()))
    with pytest.raises(StopIteration):
        Call(app, "/v")
    line = traffic.one()
    assert (line["level"], line["http_response_status_code"], line["http_route"]) == ("INFO", 101, "/v")


@pytest.mark.parametrize(
    ("status", "number"),
    [("200", 200), ("200 ", 200), ("599 X", 599), ("299 N\xf6", 299), ("OK", 500), (b"204 No", 204)],
)
def test_unusual_status_lines(traffic: Traffic, status: Any, number: int) -> None:
    """A status without a reason, or without a number, reaches the server unchanged (contrib#575)."""
    app = Flask("test")
    app.wsgi_app = lambda environ, start: (start(status, []), [b"x"])[1]  # type: ignore[method-assign]
    instrument_flask(app, traffic.telemetry)
    call = Call(app).read()
    assert call.status == status
    assert traffic.one()["http_response_status_code"] == number


def test_views_may_be_coroutines(traffic: Traffic) -> None:
    """A view that is a coroutine runs with the request's ids."""
    with contextlib.suppress(ImportError):
        import asgiref  # noqa: F401

        async def later() -> str:
            return "later"

        assert traffic.one(Call(application(traffic, view(later)), "/v").read())["http_route"] == "/v"
