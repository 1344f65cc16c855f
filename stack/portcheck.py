"""The check before a start that every port is free, and the search for the process that uses a port."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stack.errors import PortTaken
from stack.port_numbers import DEFAULT_PORTS, HIGHEST_OFFSET
from stack.say import Say
from stack.stragglers import instance_of

# The number of used ports that the message lists; the rest is only counted.
SHOWN = 3
# A closed connection occupies its port for a minute (TIME_WAIT).
CLOSING_SECONDS = 65.0
POLL_SECONDS = 0.2


def is_free(port: int) -> bool:
    """Return whether a server could listen on 127.0.0.1:port now. Connections in TIME_WAIT do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            # With SO_REUSEADDR, binding succeeds next to a socket that is bound but not listening. Listening does not.
            probe.listen(1)
        except OSError:
            return False
    return True


@dataclass(frozen=True)
class Holder:
    """The process that uses a port: its description, and its instance's state directory if it is ours."""

    words: str
    instance: str | None = None
    closing: bool = False


def holder(port: int) -> Holder:
    """Return the process that uses the port. Another user's process cannot be identified without root."""
    import psutil

    try:
        connections = [one for one in psutil.net_connections(kind="tcp") if one.laddr[1:2] == (port,)]
    except psutil.Error:
        connections = []
    # A listener takes precedence over an outgoing connection that uses this port.
    for connection in sorted(connections, key=lambda one: one.status != psutil.CONN_LISTEN):
        if connection.pid:
            return described(connection.pid, listens=connection.status == psutil.CONN_LISTEN)
    if any(connection.status == psutil.CONN_LISTEN for connection in connections):
        return Holder("another user's process")
    return Holder("a connection that is about to close", closing=True)


def described(pid: int, *, listens: bool) -> Holder:
    """Describe the process by name and pid, and by its Glasshouse instance if it belongs to one."""
    import psutil

    try:
        process = psutil.Process(pid)
        words = f"{process.name()} (pid {pid})"
    except psutil.Error:
        return Holder(f"pid {pid}")
    return Holder(words if listens else f"an outgoing connection of {words}", instance_of(process))


def require_free(wanted: Mapping[str, int], offset: int, say: Say) -> None:
    """Raise PortTaken with the used ports, the components that need them, the processes that use them, and the remedy.

    An outgoing connection may still occupy a port above 32767 for a minute after it was closed; this function waits for
    that.
    """
    deadline = time.monotonic() + CLOSING_SECONDS
    while taken := {name: port for name, port in wanted.items() if not is_free(port)}:
        shown = [(name, port, holder(port)) for name, port in list(taken.items())[:SHOWN]]
        if time.monotonic() > deadline or not all(who.closing for _, _, who in shown):
            raise PortTaken(sentence(shown, len(taken), offset))
        say.under_way(f"  waiting for port {shown[0][1]}: {shown[0][2].words}")
        time.sleep(POLL_SECONDS)
    say.under_way("")


def sentence(shown: Sequence[tuple[str, int, Holder]], count: int, offset: int) -> str:
    """Return the message of PortTaken."""
    listed = "; ".join(f"port {port} (for {name}) is in use by {who.words}" for name, port, who in shown)
    more = f", and {count - len(shown)} more ports are in use" if count > len(shown) else ""
    instances = {who.instance for _, _, who in shown}
    if len(instances) == 1 and (other := instances.pop()):
        stop = (
            f"they belong to the Glasshouse instance in {other}, stop it with `make down GLASSHOUSE_STATE_DIR={other}`"
        )
    else:
        stop = "stop these processes"
    return f"{listed}{more}: {stop}, or choose other ports with `make up GLASSHOUSE_PORT_OFFSET={proposal(offset)}`."


def proposal(offset: int) -> int:
    """Return another multiple of 1,000 as an offset at which every port is free now; 1000 if there is none."""
    tried = (other for other in range(1000, HIGHEST_OFFSET, 1000) if other != offset)
    return next((other for other in tried if all(is_free(port + other) for port in DEFAULT_PORTS.values())), 1000)
