"""The image's entrypoint: set the replica's name and log file, then execute the container's process.

A replica has the name that Compose gives it (``api-1``). Only Docker's name server has this name: the reverse lookup of
the container's address returns it. If the lookup fails, the host name is used (the container's id).
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
    """Return ``api-1`` from ``glasshouse-api-1.glasshouse_back``, or None for other names."""
    found = re.fullmatch(rf".+-({re.escape(service)}-\d+)", container.partition(".")[0])
    return found[1] if found else None


def question(address: str) -> bytes:
    """Return a DNS query for the name that belongs to the address."""
    labels = [*reversed(address.split(".")), "in-addr", "arpa"]
    name = b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"
    return struct.pack(">6H", 1, 0x0100, 1, 0, 0, 0) + name + struct.pack(">2H", PTR, INTERNET)


def first_label(asked: bytes, answer: bytes) -> str:
    """Return the first label of the name in the response (``glasshouse-api-1``), or "" without a name.

    The response begins with a copy of the question. The requested name follows, again or as a pointer to it, then type,
    class, time to live and length (10 bytes), then the name.
    """
    if len(answer) <= len(asked) or answer[6:8] == b"\0\0":
        return ""
    at = len(asked)
    while 0 < answer[at] < POINTER:
        at += 1 + answer[at]
    at += (2 if answer[at] >= POINTER else 1) + 10
    return answer[at + 1 : at + 1 + answer[at]].decode("ascii", "replace")


def container_name() -> str:
    """Return this container's name by its address, or "" if it has none.

    The function queries Docker's name server directly, because the C library would first read /etc/hosts, where the
    address has the host name.
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
    """Return the environment with OBSERVABILITY_INSTANCE and, if LOG_DIR is set, OBSERVABILITY_LOG_FILE.

    Existing values are kept.
    """
    found = dict(env)
    service = found.get("OTEL_SERVICE_NAME", "")
    if service and not found.get("OBSERVABILITY_INSTANCE"):
        found["OBSERVABILITY_INSTANCE"] = replica(service, container_name()) or f"{service}-{socket.gethostname()}"
    if found.get("LOG_DIR") and found.get("OBSERVABILITY_INSTANCE") and not found.get("OBSERVABILITY_LOG_FILE"):
        found["OBSERVABILITY_LOG_FILE"] = os.path.join(found["LOG_DIR"], f"{found['OBSERVABILITY_INSTANCE']}.log")
    return found


if __name__ == "__main__":
    os.execvpe(sys.argv[1], sys.argv[1:], completed(os.environ))  # noqa: S606  (no shell wanted)
