"""``python -m lab.bench.tax.client PORT ENDPOINT REQUESTS CONNECTIONS``: sends this many requests without pauses.

It runs in its own process, so that its CPU time is not added to a server's. Each connection sends its next request as
soon as it has the previous response, which saturates the server. Prints one JSON line. An error response ends the run.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass

_ORDER = b'{"product_id":"brass-desk-lamp","quantity":2}'
PATIENCE_SECONDS = 30.0


class Refused(RuntimeError):
    """An unsuccessful response, or no response."""


def request_of(endpoint: str) -> bytes:
    """Return the bytes of a request to an endpoint such as ``GET /cached/brass-desk-lamp``."""
    method, path = endpoint.split(" ")
    body = _ORDER if method == "POST" else b""
    kind = "Content-Type: application/json\r\n" if body else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: shop\r\nUser-Agent: bench\r\nAccept: */*\r\n{kind}"
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body


@dataclass
class _Connection:
    socket: socket.socket
    buffer: bytes = b""
    sent_at: float = 0.0


def load(port: int, request: bytes, requests: int, connections: int) -> list[float]:
    """Send exactly ``requests`` requests. Returns the seconds that each took. Raises ``Refused``."""
    took: list[float] = []
    left = requests
    with selectors.DefaultSelector() as selector, ExitStack() as stack:
        for _ in range(min(connections, requests)):
            opened = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
            one = _Connection(stack.enter_context(opened))
            one.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(one.socket, selectors.EVENT_READ, one)
            one.sent_at = time.perf_counter()
            one.socket.sendall(request)
            left -= 1
        while len(took) < requests:
            ready = selector.select(PATIENCE_SECONDS)
            if not ready:
                raise Refused(f"no response within {PATIENCE_SECONDS:.0f} s")
            for key, _ in ready:
                one = key.data
                if not _receive(one):
                    continue
                took.append(time.perf_counter() - one.sent_at)
                if left:
                    left -= 1
                    one.sent_at = time.perf_counter()
                    one.socket.sendall(request)
    return took


def _receive(one: _Connection) -> bool:
    """Read the available bytes. Returns whether the response is complete."""
    received = one.socket.recv(65536)
    if not received:
        raise Refused("the server closed a connection")
    one.buffer += received
    head, end, body = one.buffer.partition(b"\r\n\r\n")
    if not end:
        return False
    if not head.startswith(b"HTTP/1.1 2"):
        raise Refused(one.buffer[:500].decode("latin-1"))
    length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
    if len(body) < length:
        return False
    one.buffer = b""
    return True


def main(port: str, endpoint: str, requests: str, connections: str) -> int:
    """Run the load and print its figures."""
    started = time.perf_counter()
    took = sorted(load(int(port), request_of(endpoint), int(requests), int(connections)))
    seconds = time.perf_counter() - started
    summary = {"requests": len(took), "seconds": seconds, "p50": took[len(took) // 2], "p99": took[-len(took) // 100]}
    sys.stdout.write(json.dumps(summary) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
