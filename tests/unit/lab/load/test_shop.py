"""The shopper's HTTP client and its settings."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from prometheus_client import CollectorRegistry, Counter

from glasshouse_observability import WrongSetting
from lab.trickle.settings import Settings
from lab.trickle.shop import HttpShop, ShopIsDown, requests_counter


@pytest.fixture
def counter() -> Counter:
    """Return the counter of requests by outcome."""
    return requests_counter(CollectorRegistry())


def answering(monkeypatch: pytest.MonkeyPatch, status: int = 200, body: bytes = b"{}", error: Any = None) -> list[Any]:
    """Return this response to every request; return the list of sent requests."""
    sent: list[Any] = []

    def send(self: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        sent.append((request, options))
        if error:
            raise error
        response = requests.Response()
        response.status_code, response._content = status, body
        return response

    monkeypatch.setattr(requests.Session, "send", send)
    return sent


def count(counter: Counter, outcome: str) -> float:
    """Return the count of an outcome."""
    return float(counter.labels(outcome)._value.get())


@pytest.mark.parametrize(
    ("status", "outcome"), [(200, "answered"), (202, "answered"), (404, "refused"), (500, "failed"), (503, "failed")]
)
def test_every_answer_is_an_answer(
    monkeypatch: pytest.MonkeyPatch, counter: Counter, status: int, outcome: str
) -> None:
    """Every response is returned, errors of the shop included, and counted by its meaning."""
    sent = answering(monkeypatch, status, b'{"id": 1}')
    answer = HttpShop("http://shop", counter).post("/api/v1/orders", {"items": []})
    assert (answer.status, answer.content) == (status, {"id": 1})
    assert count(counter, outcome) == 1
    request, options = sent[0]
    assert (request.method, request.url, request.body) == ("POST", "http://shop/api/v1/orders", b'{"items": []}')
    assert options["timeout"] == (2.0, 10.0)


def test_a_response_that_is_not_json_has_no_content(monkeypatch: pytest.MonkeyPatch, counter: Counter) -> None:
    """A response that is not JSON is returned without content."""
    answering(monkeypatch, 200, b"<html>")
    assert HttpShop("http://shop", counter).get("/").content is None


@pytest.mark.parametrize("error", [requests.ConnectionError(), requests.Timeout(), requests.TooManyRedirects()])
def test_no_answer_means_down(monkeypatch: pytest.MonkeyPatch, counter: Counter, error: Exception) -> None:
    """A request without a response raises ``ShopIsDown`` and is counted as unreachable, whatever the reason."""
    answering(monkeypatch, error=error)
    with pytest.raises(ShopIsDown, match=type(error).__name__):
        HttpShop("http://shop", counter).get("/")
    assert count(counter, "unreachable") == 1


@pytest.mark.parametrize("status", [502, 504])
def test_only_the_proxy_there_means_down(monkeypatch: pytest.MonkeyPatch, counter: Counter, status: int) -> None:
    """A 502 or 504 of the proxy raises ``ShopIsDown``, because no server is behind it."""
    answering(monkeypatch, status)
    with pytest.raises(ShopIsDown, match=str(status)):
        HttpShop("http://shop", counter).get("/")


def test_settings_have_defaults() -> None:
    """Without settings three shoppers visit the default address at the default pace."""
    assert Settings.from_env({}) == Settings("http://127.0.0.1:8000", 3, 1.0)
    assert Settings.from_env({"API_URL": "http://nginx/"}).api_url == "http://nginx"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_URL", "shop"),
        ("API_URL", "http://"),
        ("API_URL", "http://shop/?a=b"),
        ("TRAFFIC_SHOPPERS", "0"),
        ("TRAFFIC_SHOPPERS", "51"),
        ("TRAFFIC_SHOPPERS", "many"),
        ("TRAFFIC_PACE", "0"),
        ("TRAFFIC_PACE", "21"),
        ("TRAFFIC_PACE", "nan"),
        ("TRAFFIC_PACE", "1e1"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    """The error for an invalid setting contains its name and the allowed values."""
    with pytest.raises(WrongSetting, match=name):
        Settings.from_env({name: value})
