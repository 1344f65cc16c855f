"""Responses whose body is produced while it is sent: line, metric and span agree until the last byte."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from wsgiref.util import FileWrapper
from wsgiref.validate import validator

import pytest
from flask import Flask, Response, request, send_file, stream_with_context

from glasshouse_observability import context, instrument_flask
from library_support.traffic import Call, Traffic

_log = logging.getLogger("stream")


def chunks(count: int = 3, fail_after: int | None = None, seconds: float = 0.0) -> Iterator[str]:
    for number in range(count):
        if number == fail_after:
            raise RuntimeError("broke off")
        _log.info("chunk %d", number)
        time.sleep(seconds)
        yield f"{number}"


def application(traffic: Traffic, view: Callable[[], Any], **options: Any) -> Flask:
    app = Flask("test")
    app.add_url_rule("/stream", "stream", view, **options)
    instrument_flask(app, traffic.telemetry)
    return app


def test_a_stream_that_breaks_off_is_an_error(traffic: Traffic) -> None:
    """A generator that raises after its first chunk keeps the status that was sent, and is an error in every signal."""
    app = application(traffic, lambda: Response(chunks(fail_after=1)))
    call = Call(app, "/stream")
    with pytest.raises(RuntimeError, match="broke off"):
        call.read()
    assert call.sent == [b"0"]
    line = traffic.one(call)
    assert (line["level"], line["http_response_status_code"]) == ("ERROR", 200)
    assert (line["error_type"], line["exception_message"]) == ("RuntimeError", "broke off")
    assert "in chunks" in line["exception_stacktrace"]
    (span,) = traffic.spans()
    assert [event.name for event in span.events] == ["exception"]
    assert span.status.description == "RuntimeError: broke off"


def test_lines_and_spans_of_a_stream_belong_to_its_request(traffic: Traffic) -> None:
    """Lines that a generator logs have the ids of its request, and its spans are in the request's trace."""
    tracer = traffic.telemetry.tracer("test")

    def body() -> Iterator[str]:
        _log.info("before")
        with tracer.start_as_current_span("inside"):
            yield "a"
        yield from chunks(2, seconds=0.03)

    app = application(traffic, lambda: Response(stream_with_context(body())))
    call = Call(app, "/stream").read()
    line = traffic.one(call)
    assert {each["trace_id"] for each in traffic.lines("stream")} == {line["trace_id"]}
    assert {each["request_id"] for each in traffic.lines("stream")} == {line["request_id"]}
    assert line["duration_seconds"] >= 0.06
    inside = [span for span in traffic.spans() if span.name == "inside"]
    assert len(inside) == traffic.is_sampled
    for span in inside:
        assert span.parent is not None
        assert format(span.parent.span_id, "016x") == line["span_id"]


@pytest.mark.parametrize("with_context", [True, False])
@pytest.mark.parametrize("read", [0, 1])
def test_a_client_that_leaves_early_is_no_error(traffic: Traffic, with_context: bool, read: int) -> None:
    """A response that is closed before its end has one line, one count and at most one span, without an error."""
    wrap = stream_with_context if with_context else (lambda generator: generator)
    app = application(traffic, lambda: Response(wrap(chunks())))
    call = Call(app, "/stream").read(read)
    assert traffic.one(call)["level"] == "INFO"


def test_a_response_may_be_closed_by_another_thread(traffic: Traffic, caplog: pytest.LogCaptureFixture) -> None:
    """A response that another thread closes ends its request (open-telemetry/opentelemetry-python-contrib#3937)."""
    app = application(traffic, lambda: Response(stream_with_context(chunks())))
    call = Call(app, "/stream")
    assert next(iter(call.body)) == b"0"
    thread = threading.Thread(target=call.close)
    thread.start()
    thread.join()
    traffic.one(call)
    assert traffic.lines("opentelemetry.context") == []
    assert context.request_id.get() is None


def test_a_response_that_is_not_closed_ends_when_it_is_dropped(traffic: Traffic) -> None:
    """A response that is dropped without ``close`` has its line at once, and leaves nothing in the thread."""
    app = application(traffic, lambda: Response(stream_with_context(chunks())))
    call = Call(app, "/stream")
    next(iter(call.body))
    assert context.request_id.get() is None
    assert traffic.active() == 1
    first = call.header("X-Request-ID")
    call.body = ()
    assert traffic.one()["request_id"] == first[0]
    _log.info("idle")
    assert "request_id" not in traffic.lines("stream")[-1]
    assert "trace_id" not in traffic.lines("stream")[-1]
    second = Call(app, "/stream").read()
    assert second.header("X-Request-ID") not in ([], first)


class Body:
    """A body that is not its own iterator (pallets/werkzeug#1259, DataDog/dd-trace-py#5325)."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error, self.closed = error, 0

    def __iter__(self) -> Iterator[bytes]:
        yield b"a"

    def close(self) -> None:
        self.closed += 1
        if self.error is not None:
            raise self.error


def mounted(traffic: Traffic, wsgi: Callable[..., Any]) -> Flask:
    app = Flask("test")
    app.wsgi_app = wsgi  # type: ignore[method-assign]
    instrument_flask(app, traffic.telemetry)
    return app


def test_the_body_is_closed_once(traffic: Traffic) -> None:
    """The body is closed once, by the server."""
    body = Body()
    app = mounted(traffic, lambda environ, start: (start("200 OK", []), body)[1])
    call = Call(app)
    assert list(call.body) == [b"a"]
    assert body.closed == 0
    call.close()
    assert body.closed == 1
    traffic.one(call)


@pytest.mark.parametrize("read", [None, 0])
def test_a_body_that_cannot_be_closed(traffic: Traffic, read: int | None) -> None:
    """An exception in ``close`` reaches the server. It is an error of the request only if the body was not complete."""
    app = mounted(traffic, lambda environ, start: (start("200 OK", []), Body(OSError("lost")))[1])
    call = Call(app)
    with pytest.raises(OSError, match="lost"):
        call.read(read)
    assert traffic.one(call).get("error_type") == (None if read is None else "OSError")


@pytest.mark.parametrize("body", [[b"a", b"b"], (b"ab",), [], [b""]])
def test_lists_keep_their_length(traffic: Traffic, body: Any) -> None:
    """A server can still compute Content-Length from a list; an iterator has no length."""
    app = mounted(traffic, lambda environ, start: (start("200 OK", []), body)[1])
    call = Call(app)
    assert len(call.body) == len(body)  # type: ignore[arg-type]
    call.read()
    assert b"".join(call.sent) == b"".join(body)
    traffic.one(call)


def test_an_iterator_has_no_length(traffic: Traffic) -> None:
    """A server cannot compute Content-Length from an iterator."""
    call = Call(mounted(traffic, lambda environ, start: (start("200 OK", []), iter([b"a"]))[1]))
    with pytest.raises(TypeError):
        len(call.body)  # type: ignore[arg-type]
    assert call.body
    traffic.one(call.read())


def test_a_response_may_be_started_by_its_first_chunk(traffic: Traffic) -> None:
    """An application that is a generator starts its response late."""

    def late(environ: Any, start: Any) -> Iterator[bytes]:
        start("201 Created", [])
        yield b"a"

    call = Call(mounted(traffic, late)).read()
    assert traffic.one(call)["http_response_status_code"] == 201


def test_a_response_may_be_started_again_with_an_error(traffic: Traffic) -> None:
    """A second start with ``exc_info`` replaces the status, unless the first one is sent already (PEP 3333)."""

    def twice(environ: Any, start: Any) -> Iterator[bytes]:
        start("200 OK", [])
        if environ["QUERY_STRING"]:
            yield b"sent"
        try:
            raise KeyError("late")
        except KeyError as error:
            start("503 Service Unavailable", [], (KeyError, error, error.__traceback__))
        yield b"no"

    app = mounted(traffic, twice)
    call = Call(app).read()
    assert traffic.one(call)["http_response_status_code"] == 503
    with pytest.raises(KeyError):
        Call(app, QUERY_STRING="sent").read()
    line = traffic.requests()[-1]
    assert (line["http_response_status_code"], line["error_type"]) == (200, "KeyError")


def test_a_response_that_is_never_started_is_an_error(traffic: Traffic) -> None:
    """A server answers 500 if the application never calls ``start_response``; so do the signals."""
    Call(mounted(traffic, lambda environ, start: [])).read()
    assert traffic.one()["http_response_status_code"] == 500


def test_bytes_may_be_written(traffic: Traffic) -> None:
    """The ``write`` function of PEP 3333 is the server's."""

    def writes(environ: Any, start: Any) -> list[bytes]:
        start("200 OK", [])(b"written")
        return [b"returned"]

    call = Call(mounted(traffic, writes)).read()
    assert call.sent == [b"written", b"returned"]
    traffic.one(call)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("status", [200, 204, 304])
def test_empty_bodies_are_complete(traffic: Traffic, method: str, status: int) -> None:
    """HEAD, 204 and 304 have no body and are logged like others."""
    app = application(traffic, lambda: ("", status))
    call = Call(app, "/stream", REQUEST_METHOD=method).read()
    line = traffic.one(call)
    assert (line["http_request_method"], line["http_response_status_code"]) == (method, status)


@pytest.mark.parametrize("flask_sends", [True, False])
def test_a_file_stays_the_servers_own_wrapper(traffic: Traffic, flask_sends: bool) -> None:
    """A server recognises its file wrapper, so it can use ``sendfile`` (benoitc/gunicorn#2279)."""
    if flask_sends:
        app = application(traffic, lambda: send_file(__file__))
    else:
        app = mounted(
            traffic,
            lambda environ, start: (start("200 OK", []), environ["wsgi.file_wrapper"](open(__file__, "rb")))[1],  # noqa: SIM115
        )
    call = Call(app, "/stream", **{"wsgi.file_wrapper": FileWrapper})
    assert type(call.body) is FileWrapper
    file = call.body.filelike
    call.read()
    assert b"".join(call.sent).startswith(b'"""Responses whose body')
    assert file.closed
    traffic.one(call)


def test_the_generator_may_read_the_request(traffic: Traffic) -> None:
    """``stream_with_context`` works as without the instrumentation."""
    app = application(traffic, lambda: Response(stream_with_context(request.path for _ in range(2))))
    call = Call(validator(app), "/stream").read()
    assert call.sent == [b"/stream", b"/stream"]
    traffic.one(call)


def test_a_callback_at_the_end_belongs_to_the_request(traffic: Traffic) -> None:
    """A ``call_on_close`` callback has the request's ids (open-telemetry/opentelemetry-python-contrib#1692)."""

    def view() -> Response:
        response = Response("x")
        response.call_on_close(lambda: _log.info("closing"))
        return response

    call = Call(application(traffic, view), "/stream").read()
    line = traffic.one(call)
    (closing,) = traffic.lines("stream")
    assert (closing["trace_id"], closing["request_id"]) == (line["trace_id"], line["request_id"])
