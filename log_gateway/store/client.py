"""HTTP client for VictoriaLogs. The query's deadline limits every call."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson
import requests
from requests.adapters import HTTPAdapter

from log_gateway.errors import Busy, GatewayError, QueryTimeout, StoreUnavailable

CONNECT_SECONDS = 2.0
# More than all threads together can use.
POOL = 128
_REASON_CHARACTERS = 500


class Deadline:
    """The time by which a query must be finished, on a monotonic clock."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self.seconds = clock, seconds
        self._end = clock() + seconds

    def left(self) -> float:
        """The remaining seconds. Raises ``QueryTimeout`` if none remain."""
        left = self._end - self._clock()
        if left <= 0:
            raise QueryTimeout(f"the query took longer than {self.seconds:g} s: narrow its time range or its selector")
        return left


class StoreClient:
    """Client of VictoriaLogs' query API."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False
        # On a single machine or within a network, compression costs more than it saves.
        self._session.headers["Accept-Encoding"] = "identity"
        self._session.mount("http://", HTTPAdapter(pool_maxsize=POOL))
        self._session.mount("https://", HTTPAdapter(pool_maxsize=POOL))

    def rows(self, query: str, start: int, end: int, deadline: Deadline, **parameters: str) -> Iterator[bytes]:
        """Return the JSON lines of a LogsQL query over ``start <= time < end`` (nanoseconds).

        Raises ``StoreUnavailable``, ``QueryTimeout``, ``Busy``.
        """
        # The store interprets a negative time as relative to now, and no line is older than 1970.
        start = max(start, 0)
        if start >= end:
            return iter(())
        asked = {"query": query, "start": str(start), "end": str(end), **parameters}
        return iter(self._post("/select/logsql/query", asked, deadline).splitlines())

    def json(self, path: str, parameters: Mapping[str, str], deadline: Deadline) -> Any:
        """Return the JSON response of another endpoint of the query API. Raises the same exceptions as ``rows``."""
        return orjson.loads(self._post(path, parameters, deadline))

    def is_ready(self) -> bool:
        """Return whether the store's health check succeeds."""
        try:
            return self._session.get(f"{self._url}/health", timeout=CONNECT_SECONDS).ok
        except requests.RequestException:
            return False

    def metrics(self) -> bytes:
        """Return the store's metrics in Prometheus' text format. Raises ``StoreUnavailable``."""
        try:
            answer = self._session.get(f"{self._url}/metrics", timeout=CONNECT_SECONDS)
            answer.raise_for_status()
        except requests.RequestException as error:
            raise StoreUnavailable(f"the log store cannot be reached ({type(error).__name__})") from error
        return answer.content

    def _post(self, path: str, parameters: Mapping[str, str], deadline: Deadline) -> bytes:
        left = deadline.left()
        # The store's timeout is slightly shorter than ours, so that it does not keep working after the caller gave up.
        asked = {**parameters, "timeout": f"{max(left - 0.2, 0.1):.3f}s"}
        try:
            with self._session.post(f"{self._url}{path}", data=asked, timeout=(CONNECT_SECONDS, left)) as answer:
                content = answer.content
        except requests.Timeout as error:
            deadline.left()
            raise StoreUnavailable(f"the log store did not respond within {left:.1f} s") from error
        except requests.RequestException as error:
            raise StoreUnavailable(f"the log store cannot be reached ({type(error).__name__})") from error
        if answer.status_code == 200:
            return content
        raise _refusal(answer.status_code, content, deadline)


def _refusal(status: int, content: bytes, deadline: Deadline) -> GatewayError:
    reason = content.decode(errors="replace").strip()[:_REASON_CHARACTERS]
    if status == 429:
        return Busy("the log store is at its limit of concurrent queries: try again in a few seconds")
    if "timeout" in reason or "deadline" in reason:
        return QueryTimeout(f"the query took longer than {deadline.seconds:g} s: narrow its time range or its selector")
    return StoreUnavailable(f"the log store responded with {status}: {reason}")
