"""What can go wrong with a server.

::

    ServerError
    ├── NotConfigured   no address was given for it
    ├── Unreachable     no process listens there, or the connection broke
    ├── TooSlow         no answer in time
    └── BadAnswer       it answered, but with an error or with something else than its interface promises
"""

from __future__ import annotations


class ServerError(Exception):
    """A server could not be asked; the message is one line that names it, its address and a remedy."""

    def __init__(self, server: str, message: str) -> None:
        super().__init__(f"{server} {message}")
        self.server = server


# Every log store is queried through Loki's API.
_SETTINGS = {"Log store": "LOKI_URL"}


class NotConfigured(ServerError):
    """The server has no address in this installation."""

    def __init__(self, server: str) -> None:
        setting = _SETTINGS.get(server, f"{server.upper().replace(' ', '_')}_URL")
        super().__init__(server, f"has no address: set {setting} if it runs")


class Unreachable(ServerError):
    """Nothing answers at the address; ``joining`` says how long a server has been building, and for how much longer."""

    def __init__(self, server: str, url: str, reason: str, joining: str = "") -> None:
        cause = joining or f"does not answer at {url} ({reason}): it is down or not up yet"
        super().__init__(server, cause if joining else f"{cause}, see `make status` and `make logs`")


class TooSlow(ServerError):
    """The server accepted the question but did not answer it in time."""

    def __init__(self, server: str, url: str, seconds: float) -> None:
        super().__init__(server, f"took more than {seconds:g} s to answer {url}: see its log with `make logs`")


class BadAnswer(ServerError):
    """The server refused the question, failed on it, or answered with what its interface does not promise."""

    def __init__(self, server: str, url: str, status: int, said: str) -> None:
        super().__init__(server, f"answered {url} with status {status}: {said}")
        self.status = status
