"""gunicorn's threads, with its own refusals as problems instead of HTML."""

from __future__ import annotations

import json
from typing import Any

from gunicorn.workers.gthread import ThreadWorker


class ProblemWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn is not typed
    """Answers what gunicorn itself refuses (control characters in a header, a broken request line) as a problem."""

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Let gunicorn decide the status and log it; put a problem in place of the page it writes."""
        super().handle_error(req, _ProblemSocket(client, str(exc)), addr, exc)


class _ProblemSocket:
    """A client's socket on which an HTML error page becomes ``application/problem+json``."""

    def __init__(self, client: Any, detail: str) -> None:
        self._client, self._detail = client, detail

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def sendall(self, page: bytes) -> None:
        status_line = page.split(b"\r\n", 1)[0].decode("latin-1")
        _, status, reason = status_line.split(" ", 2)
        problem = {
            "type": "urn:glasshouse:problem:malformed-request",
            "title": reason,
            "status": int(status),
            "detail": self._detail if int(status) < 500 else "The server failed.",
        }
        body = json.dumps(problem).encode()
        head = (
            f"{status_line}\r\nConnection: close\r\nContent-Type: application/problem+json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._client.sendall(head.encode("latin-1") + body)
