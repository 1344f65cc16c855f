"""The start of supervisord, and a client for its XML-RPC interface on a Unix socket."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stack import network
from stack.errors import SupervisorError
from stack.instance import Instance
from stack.paths import ROOT
from stack.supervisorconf import base_environment

START_SECONDS = 15.0
SETTLE_SECONDS = 3.0
POLL_SECONDS = 0.05
# Faults of supervisor.xmlrpc.Faults that report that the requested state already exists.
ALREADY = {60, 70, 90}  # ALREADY_STARTED, NOT_RUNNING, ALREADY_ADDED


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self) -> None:
        """Connect to the socket's file."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


class UnixTransport(xmlrpc.client.Transport):
    """XML-RPC over a Unix socket, with one connection per call because threads share this object."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__()
        self.path, self.timeout = path, timeout
        self.verbose = False  # which the base class sets only in the method that is replaced here

    def make_connection(self, host: Any) -> UnixConnection:
        """Return a new connection."""
        return UnixConnection(self.path, self.timeout)

    def single_request(self, host: Any, handler: str, request_body: Any, verbose: bool = False) -> Any:
        """Send one request and close the connection."""
        connection = self.make_connection(host)
        try:
            connection.request("POST", handler, request_body, {"Content-Type": "text/xml"})
            response = connection.getresponse()
            if response.status != 200:
                raise xmlrpc.client.ProtocolError(handler, response.status, response.reason, {})
            return self.parse_response(response)
        finally:
            connection.close()


class Supervisor:
    """One instance's supervisord."""

    def __init__(self, socket_path: Path, timeout: float = 10.0) -> None:
        self.socket_path, self.timeout = socket_path, timeout

    def call(self, method: str, *arguments: Any) -> Any:
        """Call a method of the ``supervisor`` namespace. Raises SupervisorError without a response and on refusal."""
        proxy = xmlrpc.client.ServerProxy(
            "http://localhost/RPC2", transport=UnixTransport(self.socket_path, self.timeout)
        )
        try:
            return getattr(proxy.supervisor, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode in ALREADY:
                return None
            raise SupervisorError(
                f"supervisord rejected {method} {' '.join(map(str, arguments))}: {fault.faultString}."
            ) from fault
        except (OSError, http.client.HTTPException, xmlrpc.client.Error) as error:
            raise SupervisorError("supervisord is not running: start the stack with `make up`.") from error

    def alive(self) -> bool:
        """Return whether supervisord responds."""
        try:
            self.call("getState")
        except SupervisorError:
            return False
        return True

    def processes(self) -> dict[str, dict[str, Any]]:
        """Return supervisord's information about each process, by name; empty if supervisord is not running."""
        try:
            return {info["name"]: info for info in self.call("getAllProcessInfo")}
        except SupervisorError:
            return {}

    def refresh(self, wanted: Sequence[str]) -> None:
        """Apply the written configuration: stop removed components, restart changed ones, start the given ones."""
        added, changed, removed = self.call("reloadConfig")[0]
        for name in (*changed, *removed):
            self.call("stopProcess", name, False)
        self.wait_stopped([*changed, *removed])
        for name in (*changed, *removed):
            self.call("removeProcessGroup", name)
        for name in (*added, *changed):
            self.call("addProcessGroup", name)
        states = {name: info["statename"] for name, info in self.processes().items()}
        # supervisord treats a component that is being stopped as started, and leaves it stopped.
        self.wait_stopped([name for name in wanted if states.get(name) == "STOPPING"])
        for name in wanted:
            if states.get(name) not in ("RUNNING", "STARTING"):
                self.call("startProcess", name, False)

    def settle(self) -> None:
        """Wait until supervisord reports all as started, which it does one second after each start."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < deadline:
            if all(info["statename"] != "STARTING" for info in self.processes().values()):
                return
            time.sleep(POLL_SECONDS)

    def wait_stopped(self, names: Sequence[str]) -> None:
        """Wait until none of these is running. Polling also wakes supervisord's loop, which would sleep a second."""
        while any(info["pid"] for name, info in self.processes().items() if name in names):
            time.sleep(POLL_SECONDS)


def start(instance: Instance) -> Supervisor:
    """Start supervisord in its own session, with every component that has a file, and wait until it responds."""
    paths = instance.paths
    said = paths.logs / "supervisord.out"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(paths.supervisor_config)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=ROOT,  # supervisord imports `stack.orphans` from here
            env=base_environment(instance, os.environ),
        )
    supervisor = Supervisor(paths.socket)
    deadline = time.monotonic() + START_SECONDS
    while not supervisor.alive():
        if process.poll() is not None or time.monotonic() > deadline:
            raise SupervisorError(f"supervisord did not start (log: {said}):\n{network.last_lines(said.read_text())}")
        time.sleep(POLL_SECONDS)
    # It outlives this process; without this, Python warns about a child that is still running.
    process.returncode = 0
    return supervisor
