"""Outgoing HTTP with ``requests`` on a real server: span, metric and headers agree, and no secret is recorded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.trace import SpanKind, StatusCode
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.util.retry import Retry

from glasshouse_observability import context
from glasshouse_observability.requests.instrumentation import instrument_requests, uninstrument_requests
from glasshouse_observability.requests.metrics import ClientMetrics
from glasshouse_observability.traces.unsampled import UnsampledSpan
from library_support.signals import Signals

SECRET = "PLANTED-SECRET"


class Handler(BaseHTTPRequestHandler):
    """Answers with the status in the path; ``/to/<url>`` redirects."""

    def do_GET(self) -> None:
        server: Any = self.server
        server.heard.append((self.command, self.path, dict(self.headers)))
        kind, _, rest = self.path.partition("?")[0].strip("/").partition("/")
        self.send_response(302 if kind == "to" else int(kind or 200))
        if kind == "to":
            self.send_header("Location", rest if rest.startswith("http") else f"/{rest}")
        self.send_header("Content-Length", "2")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"ok")

    do_POST = do_HEAD = do_BREW = do_GET  # noqa: N815  (the base class chooses the names)

    def log_message(self, *_: Any) -> None:
        """Do nothing."""


class Peer(ThreadingHTTPServer):
    """A server that keeps what it received."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.heard: list[tuple[str, str, dict[str, str]]] = []
        self.address = f"127.0.0.1:{self.server_address[1]}"
        self.url = f"http://{self.address}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def headers_of(self, index: int = -1) -> dict[str, str]:
        return self.heard[index][2]


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as server:
        yield server
        server.shutdown()


class Observed(Signals):
    """Outgoing requests and their observations."""

    def calls(self) -> dict[tuple[str, str, str], int]:
        """Return the number of requests by address, method and status."""
        family = next(one for one in self.registry.collect() if one.name == "http_client_request_duration_seconds")
        address, method, status = "server_address", "http_request_method", "http_response_status_code"
        return {
            (sample.labels[address], sample.labels[method], sample.labels[status]): int(sample.value)
            for sample in family.samples
            if sample.name.endswith("_count") and sample.value
        }

    def seen(self) -> str:
        """Return all signals as text."""
        return self.exposed() + "".join(span.to_json() for span in self.spans())


@pytest.fixture
def observed() -> Iterator[Observed]:
    one = Observed()
    instrument_requests(one.telemetry)
    yield one
    uninstrument_requests()


@pytest.fixture
def session(observed: Observed) -> Iterator[requests.Session]:
    with requests.Session() as one:
        yield one


@pytest.fixture(params=["sampled", "unsampled"])
def sampled(request: pytest.FixtureRequest) -> Iterator[bool]:
    if request.param == "sampled":
        yield True
        return
    token = UnsampledSpan().attach()
    yield False
    from opentelemetry import context as otel_context

    otel_context.detach(token)


def test_a_request_has_a_span_and_a_duration(observed: Observed, session: requests.Session, peer: Peer) -> None:
    """A request is a client span with the stable conventions' attributes, whose ids the server receives."""
    with observed.telemetry.tracer("test").start_as_current_span("work") as work:
        assert session.get(f"{peer.url}/200?page=2").text == "ok"
    span, _ = observed.spans()
    assert (span.name, span.kind) == ("GET", SpanKind.CLIENT)
    assert span.parent.span_id == work.get_span_context().span_id
    assert dict(span.attributes) == {
        "http.request.method": "GET",
        "url.full": f"{peer.url}/200?page=2",
        "server.address": "127.0.0.1",
        "server.port": peer.server_address[1],
        "http.response.status_code": 200,
    }
    ids = span.get_span_context()
    assert peer.headers_of()["traceparent"].startswith(f"00-{ids.trace_id:032x}-{ids.span_id:016x}-0")
    assert observed.calls() == {(peer.address, "GET", "200"): 1}


def test_an_unsampled_request_passes_its_decision(observed: Observed, session: requests.Session, peer: Peer) -> None:
    """The callee of an unsampled request receives its ids with the decision, and the call is measured."""
    unsampled = UnsampledSpan()
    token = unsampled.attach()
    try:
        session.get(f"{peer.url}/200")
        requests.get(f"{peer.url}/200", timeout=5)
    finally:
        from opentelemetry import context as otel_context

        otel_context.detach(token)
    expected = f"00-{unsampled.trace_id}-{unsampled.span_id}-00"
    assert [headers["traceparent"] for _, _, headers in peer.heard] == [expected] * 2
    assert observed.spans() == []
    assert observed.calls() == {(peer.address, "GET", "200"): 2}


@pytest.mark.usefixtures("sampled")
def test_calls_without_our_session_are_observed(observed: Observed, peer: Peer, sampled: bool) -> None:
    """Plain calls and sessions of libraries are observed (opentelemetry-python-contrib#1597)."""

    class Theirs(requests.Session):
        def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
            request.headers["X-Theirs"] = "1"
            return super().send(request, **options)

    token = context.request_id.set("request-1")
    try:
        requests.get(f"{peer.url}/200", timeout=5)
        with Theirs() as theirs:
            theirs.post(f"{peer.url}/201", data=iter([b"a", b"b"]))
    finally:
        context.request_id.reset(token)
    assert observed.calls() == {(peer.address, "GET", "200"): 1, (peer.address, "POST", "201"): 1}
    assert [headers["X-Request-ID"] for _, _, headers in peer.heard] == ["request-1"] * 2
    assert len(observed.spans()) == (2 if sampled else 0)
    assert peer.headers_of()["X-Theirs"] == "1"


def test_each_redirection_is_a_request(
    observed: Observed, session: requests.Session, peer: Peer, sampled: bool
) -> None:
    """Each hop has its own status and address (opentelemetry-python-contrib#2000)."""
    with Peer() as target:
        response = session.get(f"{peer.url}/to/{target.url}/200")
        assert [each.status_code for each in (*response.history, response)] == [302, 200]
        assert session.get(f"{peer.url}/to/to/503").status_code == 503
        assert observed.calls() == {
            (peer.address, "GET", "302"): 3,
            (target.address, "GET", "200"): 1,
            (peer.address, "GET", "503"): 1,
        }
        target.shutdown()
    spans = observed.spans()
    assert len(spans) == (5 if sampled else 0)
    if sampled:
        resent = [span.attributes.get("http.request.resend_count") for span in spans]
        assert resent == [None, 1, None, 1, 2]
        assert [span.attributes["http.response.status_code"] for span in spans] == [302, 200, 302, 302, 503]


def test_too_many_redirections_are_the_callers(
    observed: Observed, session: requests.Session, peer: Peer, sampled: bool
) -> None:
    """requests' own exception is raised, and each request keeps the status that it had."""
    session.max_redirects = 1
    with pytest.raises(requests.TooManyRedirects):
        session.get(f"{peer.url}/to/to/to/200")
    assert observed.calls() == {(peer.address, "GET", "302"): 2}
    assert len(observed.spans()) == (2 if sampled else 0)


def test_the_adapters_retries_are_one_request(observed: Observed, session: requests.Session, peer: Peer) -> None:
    """Retries inside an adapter are one request, as in OpenTelemetry's instrumentation."""
    session.mount("http://", HTTPAdapter(max_retries=Retry(total=1, status_forcelist=[503], backoff_factor=0)))
    with pytest.raises(requests.exceptions.RetryError):
        session.get(f"{peer.url}/503")
    assert len(peer.heard) == 2
    assert observed.calls() == {(peer.address, "GET", "0"): 1}
    (span,) = observed.spans()
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "RetryError")


@pytest.mark.parametrize("status", [400, 404, 500])
def test_an_error_status_is_an_error(observed: Observed, session: requests.Session, peer: Peer, status: int) -> None:
    """A client's span is an error from status 400 on; the status is the error's type."""
    session.get(f"{peer.url}/{status}")
    (span,) = observed.spans()
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["error.type"] == str(status)


@pytest.mark.usefixtures("sampled")
def test_secrets_are_in_no_signal(observed: Observed, session: requests.Session, peer: Peer) -> None:
    """Passwords and sensitive parameters of URLs are redacted, and texts of exceptions are not recorded.

    (maxtepkeev/python-redmine#330: ``Max retries exceeded with url: /x?key=…``)
    """
    for url in (
        f"http://user:{SECRET}@{peer.address}/200?token={SECRET}&api_key={SECRET}&page=2",
        f"{peer.url}/200?X-Amz-Signature={SECRET}&sig={SECRET}",
        f"{peer.url}/500?password={SECRET}",
    ):
        session.get(url, headers={"Authorization": SECRET})
    for broken in (f"http://127.0.0.1:1/x?api_key={SECRET}", f"http://u:{SECRET}@127.0.0.1:1/"):
        with pytest.raises(requests.ConnectionError):
            session.get(broken, timeout=2)
    with pytest.raises(requests.exceptions.InvalidSchema):
        session.get(f"mock://thing?token={SECRET}")
    assert SECRET not in observed.seen()
    assert ("127.0.0.1:1", "GET", "0") in observed.calls()
    assert observed.swallowed() == 0


def _bare(url: Any) -> requests.PreparedRequest:
    prepared = requests.PreparedRequest()
    prepared.method, prepared.url = "GET", url
    return prepared


ODD: list[Any] = [
    None, "", "nonsense", "//", "http://", "http:///x", "mock:thing", "data:,x", "http+unix://%2Ftmp%2Fs.sock/x",
    "http://[::1", "http://a:b:c/", "http://\ud800/", 17, b"http://127.0.0.1:1/", "http://127.0.0.1:99999999/x",
]  # fmt: skip


@pytest.mark.parametrize("url", ODD)
def test_odd_urls_raise_what_requests_raises(
    observed: Observed, session: requests.Session, url: Any, sampled: bool
) -> None:
    """The exception is that of plain requests (opbeat/opbeat_python#95), and nothing else fails."""
    with pytest.raises(Exception) as seen:  # noqa: PT011
        session.send(_bare(url), timeout=2)
    assert observed.swallowed() == 0
    assert sum(observed.calls().values()) == 1
    assert len(observed.spans()) == sampled
    uninstrument_requests()
    with pytest.raises(type(seen.value)) as plain:
        session.send(_bare(url), timeout=2)
    assert type(plain.value) is type(seen.value)


@pytest.mark.parametrize("method", ["BREW", "brew", "get", b"GET", None, 5, SECRET * 10])
def test_other_methods_are_one_label(observed: Observed, session: requests.Session, peer: Peer, method: Any) -> None:
    """Methods that HTTP does not define are ``_OTHER``: their number has no limit."""
    prepared = _bare(f"{peer.url}/200")
    prepared.method, prepared.headers = method, None  # type: ignore[assignment]
    try:
        session.send(prepared, timeout=2)
    except Exception as failure:
        uninstrument_requests()
        with pytest.raises(type(failure)):
            session.send(prepared, timeout=2)
    assert [name for _, name, _ in observed.calls()] == ["_OTHER"]
    (span,) = observed.spans()
    assert (span.name, span.attributes["http.request.method"]) == ("HTTP", "_OTHER")


class Odd(BaseAdapter):
    """An adapter that returns what it was given."""

    def __init__(self, make: Callable[[requests.PreparedRequest], Any]) -> None:
        super().__init__()
        self._make = make

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> Any:  # type: ignore[override]
        return self._make(request)

    def close(self) -> None:
        """Do nothing."""


def _response(status: Any) -> Callable[[requests.PreparedRequest], requests.Response]:
    def make(request: requests.PreparedRequest) -> requests.Response:
        response = requests.Response()
        response.status_code, response.request, response._content = status, request, b""  # type: ignore[assignment]
        return response

    return make


@pytest.mark.parametrize("status", [None, "200", 299, True, 2.5])
def test_adapters_may_return_odd_responses(
    observed: Observed, session: requests.Session, status: Any, sampled: bool
) -> None:
    """The response of another adapter reaches the caller (opentelemetry-python-contrib#562)."""
    session.mount("mock:", Odd(_response(status)))
    assert session.get("mock:thing").status_code == status
    assert observed.calls() == {("", "GET", "299" if status == 299 else "0"): 1}
    assert len(observed.spans()) == sampled
    assert observed.swallowed() == 0


class TooLate(BaseException):
    """An exception that is thrown into a waiting call from outside."""


def test_exceptions_of_others_are_errors(observed: Observed, session: requests.Session, sampled: bool) -> None:
    """An exception that is no error of requests ends the span as an error too."""

    def interrupt(_: requests.PreparedRequest) -> None:
        raise TooLate

    session.mount("mock:", Odd(interrupt))
    with pytest.raises(TooLate):
        session.get("mock:thing")
    assert observed.calls() == {("", "GET", "0"): 1}
    assert [span.attributes["error.type"] for span in observed.spans()] == (["TooLate"] if sampled else [])


def test_headers_belong_to_the_request(observed: Observed, session: requests.Session, peer: Peer) -> None:
    """A repeated request carries the ids of its own work; the caller's dictionary and id are respected."""
    mine = {"A": "b"}
    prepared = session.prepare_request(requests.Request("GET", f"{peer.url}/200"))
    for name in ("request-1", "request-2"):
        token = context.request_id.set(name)
        with observed.telemetry.tracer("test").start_as_current_span(name):
            session.send(prepared)
            session.get(f"{peer.url}/200", headers=mine)
            session.get(f"{peer.url}/200", headers={"X-Request-ID": "callers-own"})
        context.request_id.reset(token)
    assert mine == {"A": "b"}
    ids = [headers["X-Request-ID"] for _, _, headers in peer.heard]
    assert ids == ["request-1", "request-1", "callers-own", "request-2", "request-2", "callers-own"]
    assert len({headers["traceparent"] for _, _, headers in peer.heard}) == 6


def test_a_redirection_carries_the_ids(observed: Observed, session: requests.Session, peer: Peer) -> None:
    """The second request has the request id and the ids of its own span."""
    token = context.request_id.set("request-1")
    session.get(f"{peer.url}/to/200")
    context.request_id.reset(token)
    first, second = observed.spans()
    for span, (_, _, headers) in zip((first, second), peer.heard, strict=True):
        assert f"{span.get_span_context().span_id:016x}" in headers["traceparent"]
        assert headers["X-Request-ID"] == "request-1"


def test_an_exporters_requests_are_not_observed(observed: Observed, session: requests.Session, peer: Peer) -> None:
    """An exporter's requests are no work of the application: neither span nor metric nor header."""
    with suppress_instrumentation():
        session.post(f"{peer.url}/200")
    with observed.telemetry.tracer("test").start_as_current_span("work"), suppress_instrumentation():
        session.post(f"{peer.url}/200", headers={"User-Agent": "OTel-OTLP-Exporter-Python/1.45"})
    assert observed.calls() == {}
    assert [span.name for span in observed.spans()] == ["work"]
    assert "traceparent" not in peer.headers_of(0)


def test_a_streamed_response_ends_with_its_headers(observed: Observed, session: requests.Session, peer: Peer) -> None:
    """With ``stream`` the body is read later, by the application."""
    with session.get(f"{peer.url}/200", stream=True) as response:
        assert len(observed.spans()) == 1
        assert response.content == b"ok"


def test_sessions_share_one_metric(observed: Observed, peer: Peer) -> None:
    """Any number of sessions can be instrumented, and series can be declared in advance."""
    for _ in range(2):
        with requests.Session() as one:
            instrument_requests(observed.telemetry, one)
            one.get(f"{peer.url}/200")
    observed.telemetry.part(ClientMetrics).declare(f"{peer.url}/x", "POST", 0, 200)
    assert observed.calls() == {(peer.address, "GET", "200"): 2}
    labels = {"server_address": peer.address, "http_request_method": "POST", "http_response_status_code": "0"}
    assert observed.registry.get_sample_value("http_client_request_duration_seconds_count", labels) == 0


def test_one_session_is_observed(peer: Peer) -> None:
    """With a session, only its requests are observed and carry ids: no other host receives them."""
    one = Observed()
    with requests.Session() as mine, requests.Session() as other:
        instrument_requests(one.telemetry, mine)
        try:
            mine.get(f"{peer.url}/200")
            other.get(f"{peer.url}/404")
        finally:
            uninstrument_requests(mine)
        mine.get(f"{peer.url}/500")
    assert one.calls() == {(peer.address, "GET", "200"): 1}
    assert ["traceparent" in headers for _, _, headers in peer.heard] == [True, False, False]


def test_the_originals_are_restored(observed: Observed) -> None:
    """``uninstrument_requests`` restores the very functions of requests."""
    send, resolve = vars(requests.Session)["send"], requests.Session.resolve_redirects
    uninstrument_requests()
    assert vars(requests.Session)["send"] is send.__wrapped__
    assert "resolve_redirects" not in vars(requests.Session)
    assert requests.Session.resolve_redirects is resolve.__wrapped__  # type: ignore[attr-defined]
