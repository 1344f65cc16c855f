"""Malformed and hostile requests through NGINX are rejected."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest

from tests.e2e.conftest import Stack

PROBLEM = "application/problem+json"


def raw(stack: Stack, request: bytes) -> bytes:
    """Send bytes that no HTTP library would send, and return NGINX's response."""
    address = urlsplit(stack.url("nginx"))
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return answer


def test_a_body_of_ten_megabytes_is_refused(stack: Stack) -> None:
    """NGINX rejects a body of 10 MB with 413 and problem details."""
    answer = stack.api("POST", "/api/v1/orders", data=b" " * 10_000_000, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert answer.headers["Content-Type"].startswith(PROBLEM)
    assert answer.json()["status"] == 413


@pytest.mark.parametrize(
    "header", [b"X-Colour: re\x07d", b"X-Colour: \x00", b"traceparent: 00-\x01", b"Bad\x07Name: x"]
)
def test_control_characters_in_a_header_are_refused(stack: Stack, header: bytes) -> None:
    """A control character in a header's name or value is rejected with 400 and problem details."""
    request = b"GET /api/v1/products?limit=1 HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n" + header + b"\r\n\r\n"
    answer = raw(stack, request)
    status = int(answer.split(b" ", 2)[1])
    assert status == 400, answer[:300]
    assert PROBLEM.encode() in answer


@pytest.mark.parametrize("request_line", [b"nonsense", b"GET / HTTP/9.9", b"GET /\x00 HTTP/1.1", b"G\x01T / HTTP/1.1"])
def test_what_is_not_http_is_refused(stack: Stack, request_line: bytes) -> None:
    """A request that is not HTTP gets 4xx, 505 or a closed connection, and never HTML."""
    answer = raw(stack, request_line + b"\r\nHost: shop\r\n\r\n")
    assert b"<html" not in answer
    if answer.startswith(b"HTTP/"):
        assert answer.split(b" ", 2)[1] in (b"400", b"404", b"405", b"505")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"not json", 400),
        (b'{"items": "x"}', 422),
        (b'{"items":[{"product_id":"no-such-thing","quantity":1}]}', 422),
        (b'{"items":[{"product_id":"brass-desk-lamp","quantity":0}]}', 422),
        (b'{"items":[{"product_id":"brass-desk-lamp","quantity":-1}]}', 422),
        (b'{"items":[{"product_id":"brass-desk-lamp","quantity":1000000000}]}', 422),
    ],
)
def test_a_bad_order_is_a_problem(stack: Stack, body: bytes, status: int) -> None:
    """A bad order is rejected with 4xx and problem details that contain the reason and the request id."""
    answer = stack.api("POST", "/api/v1/orders", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == PROBLEM
    assert answer.json()["detail"]
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]


def test_an_absurd_request_id_and_a_malformed_traceparent_are_replaced(stack: Stack) -> None:
    """An invalid request id and a malformed traceparent are replaced by new ids, as W3C Trace Context requires."""
    for absurd in (b"x" * 500, b"bad\x01id-bad-id", b"with space in it", b"short"):
        headers = b"X-Request-ID: " + absurd + b"\r\ntraceparent: 00-zz-zz-zz\r\nConnection: close\r\n\r\n"
        head = raw(stack, b"GET /api/v1/products?limit=1 HTTP/1.1\r\nHost: shop\r\n" + headers).split(b"\r\n\r\n")[0]
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
        assert head.startswith(b"HTTP/1.1 200"), head
        assert len(fields["X-Request-ID"]) == 32
        assert int(fields["X-Trace-ID"], 16) > 0


def test_internal_addresses_are_not_at_the_front_door(stack: Stack) -> None:
    """Metrics and the server's status are not available through NGINX."""
    for path in ("/metrics", "/status", "/nginx_status", "/stub_status"):
        assert stack.api("GET", path).status_code == 404
