"""Detection of network and disk problems in the output of apt-get, pip and go."""

from __future__ import annotations

import re

UNREACHABLE = re.compile(
    r"no such host|temporary failure (in name resolution|resolving)|could not resolve|network is unreachable"
    r"|connection refused|i/o timeout|TLS handshake timeout|proxyconnect|could not connect to|NewConnectionError"
    r"|ConnectTimeout|ProxyError|Connection timed out|Retrying \(|module lookup disabled|no route to host",
    re.IGNORECASE,
)
FULL = re.compile(r"no space left on device|You don't have enough free space", re.IGNORECASE)


def unreachable(output: str) -> bool:
    """Return whether the output reports an unreachable network."""
    return bool(UNREACHABLE.search(output))


def disk_full(output: str) -> bool:
    """Return whether the output reports a full disk."""
    return bool(FULL.search(output))


def last_lines(output: str, count: int = 5) -> str:
    """Return the last lines that are not empty, indented for printing below a sentence."""
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    return "\n".join(f"    {line}" for line in lines[-count:])
