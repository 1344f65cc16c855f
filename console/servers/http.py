"""Request JSON from a server, within limits of time and size."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import requests

from console.plaintext import one_line
from console.servers.errors import BadAnswer, NotConfigured, TooSlow, Unreachable
from console.servers.joining import Joining

SECONDS = 5.0
MAX_BYTES = 32 * 1024 * 1024
_CHUNK = 64 * 1024
_SHOWN = 200

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Reply:
    """A response: status, headers (names in lower case), and JSON content, or None if it is not JSON."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: Any = None
    text: str = ""


class Transport(Protocol):
    """Sends one request; raises the exceptions of ``requests``."""

    def __call__(
        self,
        method: str,
        url: str,
        query: Mapping[str, Any],
        body: Any,
        seconds: float,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Return the reply; ``body`` is sent as JSON unless it is None."""


class HttpTransport:
    """The real transport. It has one pool of connections and ignores the proxies of the environment."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._session = requests.Session()
        self._session.trust_env = False

    def __call__(
        self,
        method: str,
        url: str,
        query: Mapping[str, Any],
        body: Any,
        seconds: float,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send one request and read at most ``max_bytes`` of the response."""
        with self._session.request(
            method,
            url,
            params=dict(query),
            json=body,
            headers=dict(headers or {}),
            timeout=(min(seconds, 2.0), seconds),
            stream=True,
        ) as answer:
            read = bytearray()
            for chunk in answer.iter_content(_CHUNK):
                read += chunk
                if len(read) > self._max_bytes:
                    raise requests.exceptions.ContentDecodingError(
                        f"the response is longer than {self._max_bytes} bytes"
                    )
            said = {name.lower(): value for name, value in answer.headers.items()}
            text = bytes(read).decode("utf-8", "replace")
            return Reply(answer.status_code, said, _json(text), text)

    def close(self) -> None:
        """Close the pooled connections."""
        self._session.close()


class JsonServer:
    """One server at one address. ``name`` and ``url`` are shown to users.

    ``joining`` reports whether a server that does not respond is still being built.
    """

    def __init__(
        self,
        name: str,
        url: str,
        transport: Transport,
        seconds: float = SECONDS,
        joining: Joining | None = None,
    ) -> None:
        self.name, self.url = name, url
        self._transport, self._seconds = transport, seconds
        self._joining = joining or Joining()

    def ask(
        self,
        path: str,
        query: Mapping[str, Any] | None = None,
        *,
        method: str = "GET",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Return any response of the server, including errors.

        Raises:
            NotConfigured, Unreachable, TooSlow: there was no reply.
        """
        if not self.url:
            raise NotConfigured(self.name)
        try:
            return self._transport(method, self.url + path, query or {}, body, self._seconds, headers)
        except requests.ConnectTimeout as error:
            raise self._unreachable("no connection in time") from error
        except requests.Timeout as error:
            raise TooSlow(self.name, self.url + path, self._seconds) from error
        except requests.ConnectionError as error:
            refused = "refused" in str(error).lower()
            raise self._unreachable("connection refused" if refused else "connection failed") from error
        except requests.RequestException as error:
            raise BadAnswer(self.name, self.url + path, 0, one_line(str(error), _SHOWN)) from error

    def _unreachable(self, reason: str) -> Unreachable:
        return Unreachable(self.name, self.url, reason, self._joining.of(self.url))

    def get(self, path: str, query: Mapping[str, Any], parse: Callable[[Any], Answer]) -> Answer:
        """Return the result of ``parse`` for the JSON content of a 200 response; raises ``BadAnswer`` for any other."""
        reply = self.ask(path, query)
        if reply.status != 200:
            raise self.bad(path, reply)
        return self.parsed(path, reply, parse)

    def parsed(self, path: str, reply: Reply, parse: Callable[[Any], Answer]) -> Answer:
        """Return the result of ``parse`` for a response; an unexpected format is a ``BadAnswer``, not a defect here."""
        try:
            return parse(reply.content)
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            raise self.bad(path, reply) from error

    def bad(self, path: str, reply: Reply) -> BadAnswer:
        """Return the error that reports an unusable response."""
        return BadAnswer(self.name, self.url + path, reply.status, _said(reply))


def _said(reply: Reply) -> str:
    """Return the detail of a problem document (RFC 9457) and its request ID, or else the plain text."""
    problem = reply.content
    if not isinstance(problem, dict) or not problem.get("detail"):
        return one_line(reply.text, _SHOWN) or "(nothing)"
    request_id = problem.get("request_id")
    return one_line(str(problem["detail"]), _SHOWN) + (
        f" (request {one_line(str(request_id), 128)})" if request_id else ""
    )


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
