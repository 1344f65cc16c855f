"""Alertmanager's webhook and the inbox over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from console.inbox.webhook import web_link

URL = "/api/alerts/webhook"


def test_a_notification_is_kept(console: SimpleNamespace, recorded: Callable[[str], Any]) -> None:
    """A notification that returns 200 is stored and listed with its status, summary and links."""
    answer = console.client.post(URL, json=recorded("webhook"))
    assert (answer.status_code, answer.json) == (200, {"id": 1})
    (item,) = console.client.get("/api/inbox").json["items"]
    assert (item["kind"], item["status"], item["title"]) == ("alert", "firing", "ApiErrorRatioHigh")
    assert item["summary"] == "24.34% of the requests to the API fail"
    assert item["alerts"][0]["ends_at"] is None
    assert [link["title"] for link in item["alerts"][0]["links"]] == ["runbook", "Prometheus"]
    assert console.client.get("/api/inbox/1").json == item
    assert console.received.labels("alert", "stored")._value.get() == 1


def test_the_same_notification_twice_is_two_items(console: SimpleNamespace, recorded: Callable[[str], Any]) -> None:
    """The same notification twice is stored as two items, because Alertmanager sent it twice."""
    for identity in (1, 2):
        assert console.client.post(URL, json=recorded("webhook")).json == {"id": identity}


def test_a_resolved_alert_has_an_end(console: SimpleNamespace, recorded: Callable[[str], Any]) -> None:
    """A resolved alert has an end.

    Fields of later versions are ignored, and a start at the minimum of the time range is not an error.
    """
    payload = recorded("webhook") | {"status": "resolved", "new_field": [1]}
    payload["alerts"][0] |= {
        "status": "resolved",
        "startsAt": "0001-01-01T00:00:00+05:00",
        "endsAt": "2026-11-23T05:13:32.431Z",
    }
    assert console.client.post(URL, json=payload).status_code == 200
    (item,) = console.client.get("/api/inbox?kind=alert").json["items"]
    assert item["alerts"][0]["ends_at"] == "2026-11-23T05:13:32.431000Z"


BAD = {
    "no JSON": (b"{", 400),
    "too deep": (b"[" * 3000, 400),
    "not UTF-8": (b'{"version": "\xff"}', 400),
    "lone surrogate": (b'{"version": "\\ud800"}', 400),
    "a list": (b"[]", 422),
    "another version": (b'{"version": "3"}', 422),
    "nothing in it": (b"{}", 422),
    "too large": (b" " * 5000, 413),
}


@pytest.mark.parametrize(("body", "status"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_a_problem(console: SimpleNamespace, body: bytes, status: int) -> None:
    """Invalid input returns 4xx as application/problem+json with a detail, and nothing is stored."""
    answer = console.client.post(URL, data=body, content_type="application/json")
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert answer.json["status"] == status
    assert answer.json["detail"]
    assert console.inbox.newest() == []


def test_what_is_wrong_is_pointed_at(console: SimpleNamespace, recorded: Callable[[str], Any]) -> None:
    """Each error contains the position in the body."""
    payload = recorded("webhook")
    payload["alerts"][0]["status"] = "burning"
    answer = console.client.post(URL, json=payload)
    assert answer.json["errors"] == [
        {"pointer": "/alerts/0/status", "detail": "Input should be 'firing' or 'resolved'"}
    ]
    assert console.received.labels("alert", "rejected")._value.get() == 1


def test_a_page_elsewhere_cannot_forge_an_alert(console: SimpleNamespace) -> None:
    """A media type that browsers send across origins without a preflight request is refused."""
    assert console.client.post(URL, data="{}", content_type="text/plain").status_code == 415


def test_a_full_disk_asks_to_try_again(console: SimpleNamespace, recorded: Callable[[str], Any]) -> None:
    """A full disk returns 503, so that Alertmanager sends the notification again."""
    console.inbox.close()
    answer = console.client.post(URL, json=recorded("webhook"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", [3, 2, 1]),
        ("kind=alert", [3, 1]),
        ("kind=email", [2]),
        ("limit=1", [3]),
        ("since=2", [3]),
        ("since=2026-11-23T04:00:02Z", [3, 2]),
        ("since=2026-11-23T05:00:03%2B01:00", [3]),
        ("since=2026-11-23T05:00:03+01:00", [3]),
        ("since=2026-11-23 04:00:02", [3, 2]),
    ],
)
def test_the_list_is_narrowed_by_its_query(console: SimpleNamespace, query: str, ids: list[int]) -> None:
    """The list is filtered by kind, limit, and since an ID or a time."""
    for kind in ("alert", "email", "alert"):
        console.inbox.add(kind, {})
    assert [item["id"] for item in console.client.get(f"/api/inbox?{query}").json["items"]] == ids


@pytest.mark.parametrize("query", ["kind=sms", "limit=0", "limit=1001", "limit=x", "limit=-1", "since=yesterday"])
def test_a_bad_query_is_a_problem(console: SimpleNamespace, query: str) -> None:
    """An invalid query returns 400 with the allowed values of the parameter."""
    answer = console.client.get(f"/api/inbox?{query}")
    assert answer.status_code == 400
    assert query.split("=")[0] in answer.json["detail"]


@pytest.mark.parametrize("path", ["/api/inbox/1", "/api/inbox/99999999999999999999", "/api/inbox/x", "/nowhere"])
def test_what_is_not_there_is_404(console: SimpleNamespace, path: str) -> None:
    """A missing item or path returns 404 as a problem."""
    answer = console.client.get(path)
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_a_wrong_method_says_which_are_right(console: SimpleNamespace) -> None:
    """A wrong method returns 405 with ``Allow``."""
    answer = console.client.delete(URL)
    assert (answer.status_code, "POST" in answer.headers["Allow"]) == (405, True)


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://example.com/a?b#c", "https://example.com/a?b#c"),
        ("/runbooks/ApiErrorRatioHigh", "/runbooks/ApiErrorRatioHigh"),
        ("javascript:alert(1)", ""),
        (" JavaScript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//evil.example", ""),
        ("/\\evil.example", ""),
        ("http:evil", ""),
        ("http://[", ""),
        ("ApiErrorRatioHigh.md", ""),
    ],
)
def test_only_addresses_for_a_browser_become_links(url: str, link: str) -> None:
    """Only safe addresses become links, because an annotation contains label values of other systems.

    It must not introduce a script or another host.
    """
    assert web_link(url) == link
