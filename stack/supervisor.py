"""Talking to supervisord: starting it, and its XML-RPC interface on a Unix socket."""

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
# Faults of supervisor.xmlrpc.Faults that only say that things are as wished.
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
    """XML-RPC over a Unix socket; a connection per call, as threads share this."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__()
        self.path, self.timeout = path, timeout
        self.verbose = False  # which the base class sets only in the method that is replaced here

    def make_connection(self, host: Any) -> UnixConnection:
        """A fresh connection."""
        return UnixConnection(self.path, self.timeout)

    def single_request(self, host: Any, handler: str, request_body: Any, verbose: bool = False) -> Any:
        """One request; the connection is closed after it."""
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
        """Call a method of the ``supervisor`` namespace; SupervisorError when it does not answer or refuses."""
        proxy = xmlrpc.client.ServerProxy(
            "http://localhost/RPC2", transport=UnixTransport(self.socket_path, self.timeout)
        )
        try:
            return getattr(proxy.supervisor, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode in ALREADY:
                return None
            raise SupervisorError(
                f"supervisord refuses {method} {' '.join(map(str, arguments))}: {fault.faultString}."
            ) from fault
        except (OSError, http.client.HTTPException, xmlrpc.client.Error) as error:
            raise SupervisorError("supervisord does not run: `make up` starts it.") from error

    def alive(self) -> bool:
        """Whether supervisord answers."""
        try:
            self.call("getState")
        except SupervisorError:
            return False
        return True

    def processes(self) -> dict[str, dict[str, Any]]:
        """supervisord's own account of each process, by name; empty when it does not run."""
        try:
            return {info["name"]: info for info in self.call("getAllProcessInfo")}
        except SupervisorError:
            return {}

    def refresh(self, wanted: Sequence[str]) -> None:
        """Take up what has been written: stop what has gone, restart what has changed, start what is wanted."""
        added, changed, removed = self.call("reloadConfig")[0]
        for name in (*changed, *removed):
            self.call("stopProcess", name, False)
        self.wait_stopped([*changed, *removed])
        for name in (*changed, *removed):
            self.call("removeProcessGroup", name)
        for name in (*added, *changed):
            self.call("addProcessGroup", name)
        states = {name: info["statename"] for name, info in self.processes().items()}
        # supervisord takes a component that is being stopped for started, and leaves it stopped.
        self.wait_stopped([name for name in wanted if states.get(name) == "STOPPING"])
        for name in wanted:
            if states.get(name) not in ("RUNNING", "STARTING"):
                self.call("startProcess", name, False)

    def settle(self) -> None:
        """Wait until supervisord counts all as started, which it does a second after each start."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < deadline:
            if all(info["statename"] != "STARTING" for info in self.processes().values()):
                return
            time.sleep(POLL_SECONDS)

    def wait_stopped(self, names: Sequence[str]) -> None:
        """Wait until none of these runs. Asking also keeps supervisord's loop turning, which else sleeps a second."""
        while any(info["pid"] for name, info in self.processes().items() if name in names):
            time.sleep(POLL_SECONDS)


def start(instance: Instance) -> Supervisor:
    """Start supervisord in a session of its own, with every component whose file is there; wait until it answers."""
    paths = instance.paths
    said = paths.logs / "supervisord.out"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(paths.supervisor_config)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=ROOT,  # where it finds `stack.orphans`
            env=base_environment(instance, os.environ),
        )
    supervisor = Supervisor(paths.socket)
    deadline = time.monotonic() + START_SECONDS
    while not supervisor.alive():
        if process.poll() is not None or time.monotonic() > deadline:
            raise SupervisorError(f"supervisord did not start (log: {said}):\n{network.last_lines(said.read_text())}")
        time.sleep(POLL_SECONDS)
    # It is to outlive us: without this, Python warns that a child was left behind.
    process.returncode = 0
    return supervisor
