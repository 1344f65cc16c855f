"""HTTP clients for servers on this machine: sessions, and GET requests that return JSON."""

from __future__ import annotations

from typing import Any

import requests

from lab.clients.errors import NoAnswer


def direct_session() -> requests.Session:
    """Return a session for servers on loopback, which ignores the environment's proxies."""
    session = requests.Session()
    session.trust_env = False
    return session


class JsonServer:
    """The server ``name`` (used in messages) at ``url``, on loopback."""

    def __init__(self, name: str, url: str, timeout: float = 10.0) -> None:
        """``timeout``: seconds to connect, and between two bytes of the response."""
        self.name, self.url, self._timeout = name, url.rstrip("/"), timeout
        self._session = direct_session()

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """Return the JSON object of a successful response. Raises ``NoAnswer``, also for status 400 and above."""
        found = self.find(path, **query)
        if found is None:
            raise NoAnswer(f"{self.name} returned 404 for {path}")
        return found

    def find(self, path: str, **query: Any) -> dict[str, Any] | None:
        """Like ``get``, but return ``None`` for a 404."""
        try:
            answer = self._session.get(f"{self.url}{path}", params=query, timeout=self._timeout)
            if answer.status_code == 404:
                return None
            answer.raise_for_status()
            content: dict[str, Any] = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise NoAnswer(f"{self.name} at {self.url} does not respond to {path} ({_reason(error)})") from error
        return content


def _reason(error: Exception) -> str:
    """Return the kind of error and, for an error status, the start of the body, which explains a wrong query."""
    response = getattr(error, "response", None)
    if response is None:
        return type(error).__name__
    return f"{response.status_code}: {' '.join(response.text.split())[:200]}"
