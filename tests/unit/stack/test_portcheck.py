"""Ports that are in use."""

from __future__ import annotations

import io
import os
import socket
from collections.abc import Iterator

import pytest

from stack import portcheck
from stack.errors import PortTaken
from stack.say import Say


@pytest.fixture(params=["127.0.0.1", "0.0.0.0"])
def listener(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    """A server of the test's process, on loopback or on every address."""
    with socket.socket() as server:
        server.bind((request.param, 0))
        server.listen()
        yield server


def test_a_listener_takes_its_port(listener: socket.socket) -> None:
    """The error for a used port names the port, the component, the name and PID of its user, and the remedy."""
    port = listener.getsockname()[1]
    with pytest.raises(
        PortTaken, match=rf"port {port} \(for redis\) is in use by .*\(pid {os.getpid()}\).*PORT_OFFSET"
    ):
        portcheck.require_free({"redis": port}, 0, Say(io.StringIO()))


def test_a_port_is_free_again_when_its_server_has_gone() -> None:
    """A port is free once its server has ended, so that a stopped stack can be started again.

    Connections in TIME_WAIT do not count.
    """
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as every server does
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            accepted, _ = server.accept()
            accepted.close()
            client.recv(1)
    assert portcheck.is_free(port)
