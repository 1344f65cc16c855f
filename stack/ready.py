"""Readiness probes of the servers. Each probe raises NotReady with the reason if the server is not ready."""

from __future__ import annotations

import http.client
import json
import logging
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stack.components import Probe

TIMEOUT_SECONDS = 2.0
POLL_SECONDS = 0.07


class NotReady(Exception):
    """The reason why the server is not ready."""


def http_ok(port: int, path: str = "/") -> Probe:
    """GET returns 200."""

    def probe() -> None:
        status, _ = ask("GET", port, path)
        if status != 200:
            raise NotReady(f"http://127.0.0.1:{port}{path} returns status {status}")

    return probe


def post(port: int, path: str) -> None:
    """POST returns 200; otherwise NotReady with the server's message."""
    status, body = ask("POST", port, path)
    if status != 200:
        raise NotReady(body.strip() or str(status))


def ask(method: str, port: int, path: str) -> tuple[int, str]:
    """Send a request without proxies, redirects or retries; return status and body. No response raises NotReady."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise NotReady(f"http://127.0.0.1:{port}{path}: {str(error) or type(error).__name__}") from error
    finally:
        connection.close()


def recorded(path: Path) -> Probe:
    """The process whose pid is in the file (``pid`` in JSON) is alive."""

    def probe() -> None:
        try:
            os.kill(json.loads(path.read_text())["pid"], 0)
        except (OSError, ValueError, KeyError) as error:
            raise NotReady(f"{path.name}: {type(error).__name__}") from error

    return probe


def redis_ping(port: int) -> Probe:
    """PING returns PONG, which means that the append-only file is loaded."""

    def probe() -> None:
        try:
            with socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS) as connection:
                connection.sendall(b"PING\r\n")
                answer = connection.recv(128)
        except OSError as error:
            raise NotReady(f"redis on port {port}: {error}") from error
        if not answer.startswith(b"+PONG"):
            raise NotReady(f"redis on port {port} replies {answer.decode(errors='replace').strip()}")

    return probe


def smtp_and_http(http: Probe, port: int) -> Probe:
    """The HTTP probe, and an SMTP greeting."""

    def probe() -> None:
        http()
        try:
            with socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS) as connection:
                greeting = connection.recv(128)
                connection.sendall(b"QUIT\r\n")
        except OSError as error:
            raise NotReady(f"smtp on port {port}: {error}") from error
        if not greeting.startswith(b"220"):
            raise NotReady(f"smtp on port {port} greets with {greeting.decode(errors='replace').strip()}")

    return probe


def mongo_primary(port: int) -> Probe:
    """The node is the writable primary of its one-node replica set. The set is initiated if necessary.

    Safe to repeat. A set that was created on another port (same data, other offset) is changed to this port.
    """
    host = f"127.0.0.1:{port}"

    def probe() -> None:
        from pymongo import MongoClient, errors

        logging.getLogger("pymongo").setLevel(logging.CRITICAL)
        milliseconds = int(TIMEOUT_SECONDS * 1000)
        try:
            with MongoClient[dict[str, Any]](
                host, directConnection=True, serverSelectionTimeoutMS=milliseconds, socketTimeoutMS=milliseconds
            ) as client:
                hello = client.admin.command("hello")
                if hello.get("isWritablePrimary") and hello.get("me") == host:
                    return
                if not hello.get("setName"):
                    initiate(client, host)
                raise NotReady(f"mongod on port {port} is not primary yet")
        except errors.PyMongoError as error:
            raise NotReady(f"mongod on port {port}: {error}") from error

    return probe


def initiate(client: Any, host: str) -> None:
    """Initiate the one-node set rs0, or change the address of an existing one."""
    from pymongo.errors import OperationFailure

    members = [{"_id": 0, "host": host}]
    try:
        client.admin.command("replSetInitiate", {"_id": "rs0", "members": members})
    except OperationFailure:
        # Already initiated. With another address in the stored configuration, the node does not recognise itself as a
        # member.
        config = client.local.system.replset.find_one() or {}
        if config.get("members", [{}])[0].get("host") == host:
            return
        config |= {"members": [{**config["members"][0], "host": host}], "version": config["version"] + 1}
        client.admin.command("replSetReconfig", config, force=True)


def wait(probe: Probe, seconds: float, check: Callable[[], None] = lambda: None) -> None:
    """Probe until the server is ready. Raises the last NotReady after ``seconds``; ``check`` may raise earlier."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            probe()
            return
        except NotReady:
            check()
            if time.monotonic() >= deadline:
                raise
        time.sleep(POLL_SECONDS)
