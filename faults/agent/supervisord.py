"""The part of supervisord's XML-RPC interface that the fault agent needs.

``xmlrpc.client`` would double the agent's memory.
"""

from __future__ import annotations

import re
import socket

TIMEOUT_SECONDS = 10.0
_ALREADY = ("<int>60</int>", "<int>70</int>")  # ALREADY_STARTED, NOT_RUNNING
_UP = ("10", "20", "30")  # STARTING, RUNNING, BACKOFF


class SupervisorSilent(Exception):
    """supervisord does not respond, or rejects the request."""


class Supervisor:
    """Client for supervisord behind its Unix socket."""

    def __init__(self, path: str) -> None:
        self._path = path

    def pid(self, name: str) -> int:
        """Return the component's pid, 0 if it is not running.

        Raises ``SupervisorSilent``, also if there is no such component.
        """
        found = re.search(r"<name>pid</name>\s*<value><int>(\d+)</int>", self._call("getProcessInfo", name))
        return int(found[1]) if found else 0

    def signal(self, name: str, signal: str) -> None:
        """Send the component a signal."""
        self._call("signalProcess", name, signal)

    def start(self, name: str) -> None:
        """Start the component if it is not running.

        Raises ``SupervisorSilent`` while it is stopping, because supervisord then ignores a start.
        """
        self._call("startProcess", name, False)
        state = re.search(r"<name>state</name>\s*<value><int>(\d+)</int>", self._call("getProcessInfo", name))
        if state is None or state[1] not in _UP:
            raise SupervisorSilent(f"{name} is still stopping; it will be started afterwards.")

    def stop(self, name: str) -> None:
        """Stop the component if it is running; it is not restarted automatically."""
        self._call("stopProcess", name, False)

    def _call(self, method: str, *arguments: str | bool) -> str:
        values = "".join(f"<param><value>{_xml(one)}</value></param>" for one in arguments)
        body = f"<methodCall><methodName>supervisor.{method}</methodName><params>{values}</params></methodCall>"
        head = f"POST /RPC2 HTTP/1.0\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(TIMEOUT_SECONDS)
                connection.connect(self._path)
                connection.sendall((head + body).encode())
                answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode(errors="replace")
        except OSError as error:
            raise SupervisorSilent(f"supervisord does not respond ({error}).") from error
        if "<methodResponse>" not in answer:
            raise SupervisorSilent(f"supervisord rejected {method}: {answer[:80]!r}.")
        if "<fault>" in answer and not any(code in answer for code in _ALREADY):
            said = re.search(r"<string>(.*?)</string>", answer)
            raise SupervisorSilent(f"supervisord rejected {method} {arguments[0]}: {said[1] if said else '?'}.")
        return answer


def _xml(value: str | bool) -> str:
    return f"<boolean>{value:d}</boolean>" if isinstance(value, bool) else f"<string>{value}</string>"
