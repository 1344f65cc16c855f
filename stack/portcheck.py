"""Before anything starts: is every port free, and if not, who has it?"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stack.errors import PortTaken
from stack.port_numbers import DEFAULT_PORTS, HIGHEST_OFFSET
from stack.say import Say
from stack.stragglers import instance_of

# How many taken ports are named before the rest is only counted.
SHOWN = 3
# A closed connection keeps its port for a minute (TIME_WAIT).
CLOSING_SECONDS = 65.0
POLL_SECONDS = 0.2


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:port now. Connections in TIME_WAIT do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            # Binding beside a bound but silent socket succeeds with SO_REUSEADDR; listening does not.
            probe.listen(1)
        except OSError:
            return False
    return True


@dataclass(frozen=True)
class Holder:
    """Who has a port: in words, and its instance's state directory if it is one of ours."""

    words: str
    instance: str | None = None
    closing: bool = False


def holder(port: int) -> Holder:
    """Who has the port; another user's process cannot be named without root."""
    import psutil

    try:
        connections = [one for one in psutil.net_connections(kind="tcp") if one.laddr[1:2] == (port,)]
    except psutil.Error:
        connections = []
    # A listener before a connection that happens to go out from this port.
    for connection in sorted(connections, key=lambda one: one.status != psutil.CONN_LISTEN):
        if connection.pid:
            return described(connection.pid, listens=connection.status == psutil.CONN_LISTEN)
    if any(connection.status == psutil.CONN_LISTEN for connection in connections):
        return Holder("another user's process")
    return Holder("a connection that is about to close", closing=True)


def described(pid: int, *, listens: bool) -> Holder:
    """The process by name and pid, and its Glasshouse instance if it belongs to one."""
    import psutil

    try:
        process = psutil.Process(pid)
        words = f"{process.name()} (pid {pid})"
    except psutil.Error:
        return Holder(f"pid {pid}")
    return Holder(words if listens else f"an outgoing connection of {words}", instance_of(process))


def require_free(wanted: Mapping[str, int], offset: int, say: Say) -> None:
    """Raise PortTaken, naming the taken ports, what wants them, who has them, and the remedy.

    A port above 32767 may belong for another minute to a connection that went out from it: that is waited for.
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
    """What PortTaken says."""
    listed = "; ".join(f"port {port} (for {name}) is taken by {who.words}" for name, port, who in shown)
    more = f", and {count - len(shown)} more ports are taken" if count > len(shown) else ""
    instances = {who.instance for _, _, who in shown}
    if len(instances) == 1 and (other := instances.pop()):
        stop = (
            f"they belong to the Glasshouse instance in {other}, stop it with `make down GLASSHOUSE_STATE_DIR={other}`"
        )
    else:
        stop = "stop what has them"
    return f"{listed}{more}: {stop}, or choose other ports with `make up GLASSHOUSE_PORT_OFFSET={proposal(offset)}`."


def proposal(offset: int) -> int:
    """Another offset at which every port is free now, if there is one in steps of a thousand."""
    tried = (other for other in range(1000, HIGHEST_OFFSET, 1000) if other != offset)
    return next((other for other in tried if all(is_free(port + other) for port in DEFAULT_PORTS.values())), 1000)
