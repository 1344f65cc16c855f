"""NGINX's template is valid, and NGINX behaves in front of replicas as its comments state."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.rules.files import Check
from tests.rules.front_door import TEMPLATE, TRACE_ID, Answer, FrontDoor, Replica, nginx, rendered


@pytest.fixture(scope="module")
def replica() -> Replica:
    return Replica("one")


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory, replica: Replica) -> Iterator[FrontDoor]:
    """NGINX in front of one running and one stopped replica."""
    with replica.serving() as port, nginx(tmp_path_factory.mktemp("nginx"), [port, free_port()]) as front_door:
        yield front_door


def assert_problem(answer: Answer, status: int) -> None:
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == answer.headers["x-request-id"]


def test_template_is_valid(check: Check, tmp_path: Path) -> None:
    """nginx accepts the rendered template, which contains none of our variables."""
    path = rendered(tmp_path, 8000, 8011, [8001, 8002])
    said = check("nginx", "-t", "-p", tmp_path, "-e", "stderr", "-c", "nginx.conf")
    assert "[warn]" not in said.replace('the "user" directive', "")
    settings = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
    assert not re.findall(r"\$\{[A-Z_]+\}", "\n".join(settings))


def test_variables_are_documented() -> None:
    """The template's header lists exactly its variables."""
    text = TEMPLATE.read_text()
    documented = set(re.findall(r"^#   ([A-Z][A-Z_]+) ", text, re.MULTILINE))
    assert documented == set(re.findall(r"\$\{([A-Z_]+)\}", text)) - {"NAME"}


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"\x16\x03\x01\x02\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-A: \x00\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX\x01A: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\x01\r\n\r\n", 400),
        (b"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /../.. HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n", 400),
        (b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n", 413),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 9000 + b"\r\n\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: strange\r\n\r\n", 501),
        (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", 505),
    ],
    ids=lambda value: repr(value[:40]) if isinstance(value, bytes) else str(value),
)
def test_what_is_no_request_gets_a_problem(door: FrontDoor, replica: Replica, raw: bytes, status: int) -> None:
    """NGINX responds to requests that it does not forward with problem+json and a request id."""
    before = len(replica.seen)
    answer = door.send(raw)
    assert_problem(answer, status)
    assert len(replica.seen) == before
    line = door.log_line(answer.headers["x-request-id"])
    assert line["http_response_status_code"] == status


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "//metrics", "/%6detrics", "/x/../metrics"])
def test_metrics_stay_inside(door: FrontDoor, replica: Replica, path: str) -> None:
    """No spelling of /metrics reaches a replica."""
    before = len(replica.seen)
    assert_problem(door.get(path), 404)
    assert len(replica.seen) == before


def test_request_id_is_kept_if_it_is_one(door: FrontDoor, replica: Replica) -> None:
    """A valid id (8 to 128 letters, digits, dots, dashes, underscores) reaches the replica and the log unchanged."""
    assert door.get("/a", "X-Request-ID: order_42.retry-1").status == 200
    assert replica.seen[-1]["x-request-id"] == "order_42.retry-1"
    assert door.log_line("order_42.retry-1")["url_path"] == "/a"


@pytest.mark.parametrize(
    "absurd", ["short", "a" * 129, "white space in it", 'quote"quote', "<script>alert(1)</script>"]
)
def test_absurd_request_id_is_replaced(door: FrontDoor, replica: Replica, absurd: str) -> None:
    """Any other value is replaced by a new id."""
    door.get("/", f"X-Request-ID: {absurd}")
    assert re.fullmatch("[0-9a-f]{32}", replica.seen[-1]["x-request-id"])


def test_callers_cannot_claim_an_address(door: FrontDoor, replica: Replica) -> None:
    """The forwarding headers contain the values of the connection, not those sent by the client."""
    door.get(
        "/", "X-Forwarded-For: 9.9.9.9", "X-Real-IP: 9.9.9.9", "X-Forwarded-Proto: https", "Forwarded: for=9.9.9.9"
    )
    sent = replica.seen[-1]
    assert (sent["x-forwarded-for"], sent["x-real-ip"], sent["x-forwarded-proto"]) == ("127.0.0.1", "127.0.0.1", "http")
    assert "forwarded" not in sent


def test_access_line_has_the_keys_of_ours(door: FrontDoor) -> None:
    """A request has one JSON line: UTC time in milliseconds, the path without its query, the replica's trace id."""
    door.get("/api/v1/products?token=secret", "X-Request-ID: access-line-1")
    line = door.log_line("access-line-1")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", str(line["timestamp"]))
    assert line["message"] == "GET /api/v1/products 200"
    assert line["url_path"] == "/api/v1/products"
    assert line["level"] == "INFO"
    assert line["service"] == "nginx"
    assert line["trace_id"] == TRACE_ID
    assert "secret" not in str(line)


def test_post_goes_to_the_replica_that_is_alive(door: FrontDoor) -> None:
    """An order whose connection is refused is sent to the other replica."""
    body = b'{"items": []}'
    head = f"POST /o HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    assert [door.send(head + body).status for _ in range(6)] == [200] * 6


def test_replicas_share_the_work(tmp_path: Path) -> None:
    """Two running replicas both receive requests."""
    first, second = Replica("first"), Replica("second")
    with first.serving() as one, second.serving() as two, nginx(tmp_path, [one, two]) as door:
        answers = {door.get().body for _ in range(10)}
    assert answers == {b"first", b"second"}


def test_no_replica_is_a_problem_with_retry_after(tmp_path: Path) -> None:
    """Without a running replica, the response is 502 with Retry-After, and the log has the original method."""
    with nginx(tmp_path, [free_port(), free_port()]) as door:
        answer = door.send(b"POST /o HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}")
        assert_problem(answer, 502)
        assert int(answer.headers["retry-after"]) > 0
        line = door.log_line(answer.headers["x-request-id"])
    assert (line["http_request_method"], line["level"]) == ("POST", "ERROR")
