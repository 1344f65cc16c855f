"""The image's entrypoint: name this replica, say where it logs, then become its process.

A replica is called as Compose calls it (``api-1``), which only Docker's name server knows: the container's own name is
the answer to the reverse look-up of its address. Where that fails, the host name serves (the container's id).
"""

from __future__ import annotations

import os
import re
import socket
import struct
import sys
from collections.abc import Mapping
from pathlib import Path

PTR, INTERNET, POINTER = 12, 1, 0xC0


def replica(service: str, container: str) -> str | None:
    """``api-1`` of ``glasshouse-api-1.glasshouse_back``; None if it is no such name."""
    found = re.fullmatch(rf".+-({re.escape(service)}-\d+)", container.partition(".")[0])
    return found[1] if found else None


def question(address: str) -> bytes:
    """A DNS query for the name that belongs to the address."""
    labels = [*reversed(address.split(".")), "in-addr", "arpa"]
    name = b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"
    return struct.pack(">6H", 1, 0x0100, 1, 0, 0, 0) + name + struct.pack(">2H", PTR, INTERNET)


def first_label(asked: bytes, answer: bytes) -> str:
    """The first label of the name that is answered (``glasshouse-api-1``), or nothing if none is.

    The answer begins as the question does; then come the name asked for, again or as a pointer to it, then type, class,
    time to live and length (10 bytes), then the name.
    """
    if len(answer) <= len(asked) or answer[6:8] == b"\0\0":
        return ""
    at = len(asked)
    while 0 < answer[at] < POINTER:
        at += 1 + answer[at]
    at += (2 if answer[at] >= POINTER else 1) + 10
    return answer[at + 1 : at + 1 + answer[at]].decode("ascii", "replace")


def container_name() -> str:
    """This container's name by its address; empty if there is none.

    Docker's name server is asked directly: the C library would first look into /etc/hosts, where the address has the
    host name.
    """
    try:
        servers = re.findall(r"^nameserver\s+(\S+)", Path("/etc/resolv.conf").read_text(), re.MULTILINE)
        asked = question(socket.gethostbyname(socket.gethostname()))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(2)
            client.sendto(asked, (servers[0], 53))
            return first_label(asked, client.recv(512))
    except (OSError, IndexError, struct.error):
        return ""


def completed(env: Mapping[str, str]) -> dict[str, str]:
    """The environment with SERVICE_INSTANCE and, if there is a LOG_DIR, with LOG_FILE; what is set stays."""
    found = dict(env)
    service = found.get("SERVICE_NAME", "")
    if service and not found.get("SERVICE_INSTANCE"):
        found["SERVICE_INSTANCE"] = replica(service, container_name()) or f"{service}-{socket.gethostname()}"
    if found.get("LOG_DIR") and found.get("SERVICE_INSTANCE") and not found.get("LOG_FILE"):
        found["LOG_FILE"] = os.path.join(found["LOG_DIR"], f"{found['SERVICE_INSTANCE']}.log")
    return found


if __name__ == "__main__":
    os.execvpe(sys.argv[1], sys.argv[1:], completed(os.environ))  # noqa: S606  (no shell wanted)
