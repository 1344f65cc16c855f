"""Errors of requests to a server.

::

    ServerError
    ├── NotConfigured   the server has no address in the settings
    ├── Unreachable     no process listens at the address, or the connection was lost
    ├── TooSlow         no response in time
    └── BadAnswer       an error response, or a response that does not match the interface
"""

from __future__ import annotations


class ServerError(Exception):
    """A request to a server failed. The message is one line with the server, its address and a remedy."""

    def __init__(self, server: str, message: str) -> None:
        super().__init__(f"{server} {message}")
        self.server = server


# Every log store is queried through Loki's API.
_SETTINGS = {"Log store": "LOKI_URL"}


class NotConfigured(ServerError):
    """The server has no address in this installation."""

    def __init__(self, server: str) -> None:
        setting = _SETTINGS.get(server, f"{server.upper().replace(' ', '_')}_URL")
        super().__init__(server, f"has no address: set {setting} if it is running")


class Unreachable(ServerError):
    """The server is unreachable. ``joining`` states how long it has been building and the time that remains."""

    def __init__(self, server: str, url: str, reason: str, joining: str = "") -> None:
        cause = joining or f"does not respond at {url} ({reason}): it is down or not up yet"
        super().__init__(server, cause if joining else f"{cause}, see `make status` and `make logs`")


class TooSlow(ServerError):
    """The server accepted the request but did not respond in time."""

    def __init__(self, server: str, url: str, seconds: float) -> None:
        super().__init__(server, f"took more than {seconds:g} s to respond to {url}: see its log with `make logs`")


class BadAnswer(ServerError):
    """The server rejected the request, failed, or sent a response that does not match its interface."""

    def __init__(self, server: str, url: str, status: int, said: str) -> None:
        super().__init__(server, f"responded to {url} with status {status}: {said}")
        self.status = status
