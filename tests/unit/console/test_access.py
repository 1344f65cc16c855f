"""Signing in, and the requirements for every change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug.exceptions import TooManyRequests

from console.inbox.store import Inbox
from console.servers.http import Reply
from tests.unit.console.consoles import (
    EMAIL,
    LOGIN,
    LOGOUT,
    ME,
    PASSWORD,
    REFRESH,
    SIGN_IN,
    FakedConsole,
    faked_console,
)

FAULT = "/api/v1/admin/faults/cache-off"


@pytest.fixture
def make(inbox: Inbox, tmp_path: Path, fake_transport: type) -> Callable[..., FakedConsole]:
    """Return a console whose shop gives these responses."""
    return lambda answers=SIGN_IN, **environ: faked_console(inbox, tmp_path, fake_transport(answers), environ)


def test_no_user_is_signed_in_at_first(make: Callable[..., FakedConsole]) -> None:
    """Without a sign-in the session is anonymous and has no token."""
    assert make().client.get("/api/session").json == {"signed_in": False}


def test_an_administrator_signs_in_and_out(make: Callable[..., FakedConsole]) -> None:
    """An administrator gets a cookie that scripts cannot read and that contains none of the shop's tokens."""
    it = make()
    answer = it.client.post("/api/session", json={"email": EMAIL, "password": PASSWORD})
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert cookie.startswith("glasshouse_console_8080=")
    assert not any(token in cookie + answer.text for token in ("access-1", "refresh-1"))
    it.headers = {"X-CSRF-Token": answer.json["csrf"]}
    assert it.client.get("/api/session").json["email"] == EMAIL
    assert it.client.delete("/api/session", headers=it.headers).status_code == 204
    assert it.client.get("/api/session").json == {"signed_in": False}
    assert it.asked("POST", LOGOUT) == [None]


def test_one_is_signed_out_here_though_the_shop_is_down(make: Callable[..., FakedConsole]) -> None:
    """Signing out works even if the shop is down, so that a browser never stays signed in for that reason."""
    it = make(SIGN_IN | {LOGOUT: requests.ConnectionError("refused")}).sign_in()
    assert it.client.delete("/api/session", headers=it.headers).status_code == 204
    assert it.client.get("/api/session").json == {"signed_in": False}


@pytest.mark.parametrize(
    ("answers", "status", "said"),
    [
        ({LOGIN: Reply(401, {}, {"detail": "no"})}, 401, "does not accept"),
        ({LOGIN: Reply(422, {}, {"detail": "no"})}, 401, "does not accept"),
        ({LOGIN: Reply(429, {}, {})}, 429, "Too many attempts"),
        (SIGN_IN | {ME: {"role": "customer"}}, 403, "not an administrator"),
        (SIGN_IN | {ME: Reply(500, {}, None)}, 403, "not an administrator"),
        ({LOGIN: Reply(503, {}, {"detail": "The database does not answer."})}, 502, "The database does not answer"),
        ({LOGIN: requests.ConnectionError("refused")}, 502, "does not respond"),
        ({LOGIN: {"token": "of another form"}}, 502, "API responded"),
        (SIGN_IN | {ME: ["of another form"]}, 502, "API responded"),
    ],
)
def test_a_sign_in_is_refused(make: Callable[..., FakedConsole], answers: Any, status: int, said: str) -> None:
    """A refused sign-in returns the reason and opens no session."""
    it = make(answers)
    answer = it.client.post("/api/session", json={"email": EMAIL, "password": PASSWORD})
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert said in answer.json["detail"]
    assert PASSWORD not in answer.text
    assert it.client.get("/api/session").json == {"signed_in": False}


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"email": EMAIL},
        {"email": 1, "password": "x"},
        {"email": "", "password": "x"},
        {"email": EMAIL, "password": "x" * 201},
    ],
)
def test_an_invalid_sign_in_is_not_sent_to_the_shop(make: Callable[..., FakedConsole], body: Any) -> None:
    """A sign-in must have an e-mail address and a password of limited length, or the shop is not called."""
    it = make()
    assert it.client.post("/api/session", json=body).status_code == 400
    assert it.transport.asked == []


def test_attempts_are_few(make: Callable[..., FakedConsole]) -> None:
    """Sign-in attempts are limited, so that a script that guesses passwords is refused before the shop is called."""
    it = make({LOGIN: Reply(401, {}, {})})
    answers = [it.client.post("/api/session", json={"email": EMAIL, "password": f"guess {n}"}) for n in range(12)]
    assert [answer.status_code for answer in answers[:10]] == [401] * 10
    assert answers[-1].status_code == TooManyRequests.code
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert len(it.asked("POST", LOGIN)) == 10


CHANGES = [
    ("PUT", "/api/faults/cache-off", {}),
    ("DELETE", "/api/faults/cache-off", None),
    ("POST", "/api/alerts/silences", {"labels": {"alertname": "A"}, "minutes": 5, "reason": "for a test"}),
    ("DELETE", "/api/alerts/silences/00000000-0000-0000-0000-000000000000", None),
    ("POST", "/api/drills", {"name": "worker-down"}),
    ("DELETE", "/api/drills/current", None),
    ("DELETE", "/api/session", None),
]


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_every_change_needs_a_sign_in(make: Callable[..., FakedConsole], method: str, path: str, body: Any) -> None:
    """A change without a sign-in returns 401 and sends no request to any server."""
    it = make()
    assert it.client.open(path, method=method, json=body, headers={"X-CSRF-Token": "guess"}).status_code == 401
    assert it.transport.asked == []


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
@pytest.mark.parametrize(
    "headers",
    [
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "wrong"},
        {"X-CSRF-Token": "wröng"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_every_change_must_come_from_this_page(
    make: Callable[..., FakedConsole], method: str, path: str, body: Any, headers: dict[str, str]
) -> None:
    """A change without the session's token or from another origin returns 403, even with the right cookie."""
    it = make().sign_in()
    before = len(it.transport.asked)
    given = it.headers | headers
    assert it.client.open(path, method=method, json=body, headers=given).status_code == 403
    assert len(it.transport.asked) == before


def test_the_list_of_changes_is_complete(make: Callable[..., FakedConsole]) -> None:
    """Every route that changes something is in the list above.

    The three exceptions read, receive alerts, or are the sign-in itself.
    """
    found = {
        (method, rule.rule.split("<")[0])
        for rule in make().client.application.url_map.iter_rules()
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}
    }
    free = {("POST", "/api/query"), ("POST", "/api/alerts/webhook"), ("POST", "/api/session")}
    named = {
        (method, start)
        for method, start in found
        for how, path, _ in CHANGES
        if how == method and path.startswith(start)
    }
    assert found - free == named


def test_a_change_from_this_page_is_made(make: Callable[..., FakedConsole]) -> None:
    """A change from the console's own page is carried out, with the headers that a browser adds."""
    it = make(SIGN_IN | {FAULT: {"on": True}}).sign_in()
    headers = it.headers | {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert it.client.put("/api/faults/cache-off", json={"seconds": 60}, headers=headers).status_code == 200
    assert it.asked("PUT", FAULT) == [{"seconds": 60}]


def test_a_sign_in_that_cannot_be_renewed_has_run_out(make: Callable[..., FakedConsole]) -> None:
    """A sign-in that cannot be renewed has expired, and the response requires a new sign-in."""
    it = make(SIGN_IN | {REFRESH: Reply(401), FAULT: Reply(401)}).sign_in()
    answer = it.client.put("/api/faults/cache-off", json={}, headers=it.headers)
    assert answer.status_code == 401
    assert "sign in again" in answer.json["detail"]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8080", 200), ("localhost", 200), ("[::1]:8080", 200), ("LOCALHOST:1", 200), ("shop.example", 200),
        ("console:8080", 200), ("evil.example", 400), ("127.0.0.1.evil.example", 400), ("[", 400), ("", 400),
    ],
)  # fmt: skip
def test_the_console_answers_to_its_own_names_only(make: Callable[..., FakedConsole], host: str, status: int) -> None:
    """The console responds only under its own host names, which prevents DNS rebinding.

    A page of another site whose name resolves to 127.0.0.1 cannot read anything.
    """
    it = make(SIGN_IN, CONSOLE_URL="http://console:8080", CONSOLE_PUBLIC_URL="https://shop.example/")
    assert it.client.get("/api/session", headers={"Host": host}).status_code == status
    assert it.client.get("/inbox", headers={"Host": host}).status_code == status


def test_probes_ask_by_any_address(make: Callable[..., FakedConsole]) -> None:
    """Health probes work under any host name, because a platform uses an address that changes."""
    assert make().client.get("/healthz", headers={"Host": "10.1.2.3:8080"}).status_code == 200
