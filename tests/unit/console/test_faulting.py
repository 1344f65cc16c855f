"""Faults: the requests that the console forwards to the shop, and the handling of the responses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from app.faults.schemas import FaultSwitch
from console.faults.routes import _FIELDS
from console.inbox.store import Inbox
from console.servers.http import Reply
from tests.unit.console.consoles import REFRESH, SIGN_IN, FakedConsole, faked_console, vector

LIST, ONE = "/api/v1/admin/faults", "/api/v1/admin/faults/api-errors"
FAULT = {"name": "api-errors", "where": "api", "what": "Fails.", "takes": {}, "available": True, "on": False}


@pytest.fixture
def make(inbox: Inbox, tmp_path: Path, fake_transport: type) -> Callable[..., FakedConsole]:
    """Return a console whose shop and Prometheus give these responses."""
    return lambda answers: faked_console(inbox, tmp_path, fake_transport(SIGN_IN | answers))


def test_everybody_sees_what_is_on(make: Callable[..., FakedConsole]) -> None:
    """Without a sign-in a user sees which faults are on, from the metrics."""
    known = vector(({"fault": "queue-stall"}, 0), ({"fault": "api-errors"}, 1))
    assert make({"/api/v1/query": known}).client.get("/api/faults").json == {
        "signed_in": False,
        "faults": [{"name": "api-errors", "on": True}, {"name": "queue-stall", "on": False}],
    }


def test_an_administrator_sees_the_faults_of_the_shop(make: Callable[..., FakedConsole]) -> None:
    """An administrator sees the shop's faults with their parameters."""
    it = make({LIST: {"items": [FAULT]}}).sign_in()
    assert it.client.get("/api/faults").json == {"signed_in": True, "faults": [FAULT]}


@pytest.mark.parametrize("content", [{"faults": [FAULT]}, [FAULT], {"items": [1]}, None])
def test_an_odd_list_is_the_shops_fault(make: Callable[..., FakedConsole], content: Any) -> None:
    """An unexpected list from the shop returns 502, not an empty page."""
    assert make({LIST: Reply(200, {}, content, "odd")}).sign_in().client.get("/api/faults").status_code == 502


def test_one_whose_sign_in_ran_out_looks_like_everybody(make: Callable[..., FakedConsole]) -> None:
    """A user whose sign-in has expired sees the public view and no error."""
    it = make({LIST: Reply(401), REFRESH: Reply(401), "/api/v1/query": vector()}).sign_in()
    assert it.client.get("/api/faults").json == {"signed_in": False, "faults": []}


def test_the_console_hands_on_what_the_shop_takes() -> None:
    """The console forwards exactly the fields of the shop's interface."""
    assert set(_FIELDS) == set(FaultSwitch.model_fields)


def test_a_fault_is_switched_on_and_off(make: Callable[..., FakedConsole]) -> None:
    """Unknown fields are left out, and known fields are forwarded unchecked for the shop to validate."""
    it = make({ONE: FAULT | {"on": True}}).sign_in()
    body = {"seconds": 60, "percent": 5.5, "route": "/x", "sudo": True}
    answer = it.client.put("/api/faults/api-errors", json=body, headers=it.headers)
    assert (answer.status_code, answer.json["on"]) == (200, True)
    assert it.asked("PUT", ONE) == [{"seconds": 60, "percent": 5.5, "route": "/x"}]
    assert it.client.delete("/api/faults/api-errors", headers=it.headers).status_code == 200
    assert it.asked("DELETE", ONE) == [None]


@pytest.mark.parametrize(
    ("reply", "status", "said"),
    [
        (Reply(422, {}, {"detail": "/percent: percent must be a number from 0.1 to 100."}), 422, "from 0.1 to 100"),
        (Reply(409, {}, {"detail": "Nothing that could do this runs here."}), 409, "Nothing that could"),
        (Reply(404, {}, {"detail": "There is no fault of this name."}), 404, "no fault"),
        (Reply(500, {}, None), 502, "no reason given"),
        (requests.ReadTimeout(), 502, "took more than"),
    ],
)
def test_a_refusal_is_shown_in_the_shops_words(
    make: Callable[..., FakedConsole], reply: Any, status: int, said: str
) -> None:
    """A refusal is shown in the shop's words, so that the user knows what to enter."""
    it = make({ONE: reply}).sign_in()
    answer = it.client.put("/api/faults/api-errors", json={"percent": 900}, headers=it.headers)
    assert answer.status_code == status
    assert said in answer.json["detail"]


@pytest.mark.parametrize("name", ["..", "%2e%2e%2fauth", "a%2Fb", "A", "x" * 61, "a b", "a%00"])
def test_no_other_path_of_the_shop_is_reached(make: Callable[..., FakedConsole], name: str) -> None:
    """An invalid name returns 404 and reaches no other path of the shop."""
    it = make({}).sign_in()
    asked = len(it.transport.asked)
    assert it.client.put(f"/api/faults/{name}", json={}, headers=it.headers).status_code == 404
    assert len(it.transport.asked) == asked


@pytest.mark.parametrize("body", ["[]", "1", "{", ""])
def test_the_body_must_be_an_object(make: Callable[..., FakedConsole], body: str) -> None:
    """A body that is not an object returns 400.

    Another media type returns 415, because a form of another page can send it.
    """
    it = make({}).sign_in()
    send = {"data": body, "headers": it.headers}
    assert it.client.put("/api/faults/api-errors", content_type="application/json", **send).status_code == 400
    assert it.client.put("/api/faults/api-errors", content_type="text/plain", **send).status_code == 415
