"""The shop's API as a shopper's browser uses it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Protocol

import requests
from prometheus_client import CollectorRegistry, Counter

SECONDS = 10.0
_GATEWAY_ERRORS = (502, 504)


class ShopIsDown(Exception):
    """The shop is unavailable: no response, or the proxy reported that it has no upstream."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and JSON content (None if it was not JSON)."""

    status: int
    content: Any = None


class Shop(Protocol):
    """The interface that a visit uses. Raises ``ShopIsDown``. Every response, including errors, is an ``Answer``."""

    def get(self, path: str) -> Answer:
        """Send a GET request."""

    def post(self, path: str, body: Any) -> Answer:
        """Send a POST request."""


class HttpShop:
    """The real shop. Requests are not traced, so that the API's span is the root, like for a customer's request."""

    def __init__(self, api_url: str, requests_total: Counter) -> None:
        """Return a client for one shopper, because sessions are not shared between threads."""
        self._api_url, self._requests = api_url, requests_total
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["User-Agent"] = "glasshouse-trickle"

    def get(self, path: str) -> Answer:
        """Send a GET request."""
        return self._send("GET", path, None)

    def post(self, path: str, body: Any) -> Answer:
        """Send a POST request."""
        return self._send("POST", path, body)

    def _send(self, method: str, path: str, body: Any) -> Answer:
        try:
            answer = self._session.request(method, self._api_url + path, json=body, timeout=(2.0, SECONDS))
        except requests.RequestException as error:
            self._requests.labels("unreachable").inc()
            raise ShopIsDown(type(error).__name__) from error
        if answer.status_code in _GATEWAY_ERRORS:
            self._requests.labels("unreachable").inc()
            raise ShopIsDown(f"status {answer.status_code} from the proxy")
        self._requests.labels(_outcome(answer.status_code)).inc()
        return Answer(answer.status_code, _json(answer.text))


def requests_counter(registry: CollectorRegistry) -> Counter:
    """Return ``traffic_requests_total`` with every outcome at zero."""
    counter = Counter(
        "traffic_requests_total", "Requests of the generated traffic by outcome", ["outcome"], registry=registry
    )
    for outcome in ("answered", "refused", "failed", "unreachable"):
        counter.labels(outcome)
    return counter


def _outcome(status: int) -> str:
    if status >= 500:
        return "failed"
    return "refused" if status >= 400 else "answered"


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
