"""Profiles of single requests, for admins."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from shop.domain.account import Role
from tests.unit.app.conftest import Api

WANTED = {"X-Profile": "1"}
LISTED = "/api/v1/admin/profiles"


@pytest.fixture
def admin(api: Api) -> dict[str, str]:
    """Return the header of an admin's request."""
    return api.as_(api.log_in("root@example.com", Role.ADMIN)["access_token"])


def profiled(api: Api, admin: dict[str, str], path: str = "/api/v1/products", **headers: str) -> Any:
    return api.client.get(path, headers={**admin, **WANTED, **headers})


def test_the_answer_is_the_same_and_says_where_the_profile_is(api: Api, admin: dict[str, str]) -> None:
    """A profiled request has the same response as any other, plus a header with the address of the profile."""
    plain, answer = api.client.get("/api/v1/products"), profiled(api, admin)
    assert (answer.status_code, answer.get_json()) == (200, plain.get_json())
    assert answer.headers["X-Profile"] == f"{LISTED}/{answer.headers['X-Request-ID']}"
    assert "X-Profile" not in plain.headers


def test_the_profile_is_of_this_request(api: Api, admin: dict[str, str]) -> None:
    """The profile contains the view of this request, as a text tree and as a speedscope file."""
    answer = profiled(api, admin)
    tree = api.client.get(answer.headers["X-Profile"], headers=admin)
    assert tree.content_type == "text/plain; charset=utf-8"
    assert "app/products.py" in tree.text
    found = api.client.get(f"{answer.headers['X-Profile']}/speedscope", headers=admin)
    names = {frame["name"] for frame in json.loads(found.data)["shared"]["frames"]}
    assert "page" in names


def test_an_error_has_a_profile_too(api: Api, admin: dict[str, str]) -> None:
    """A request that fails has a profile with its status and route."""
    answer = profiled(api, admin, "/api/v1/products/none")
    assert answer.status_code == 404
    (row,) = api.client.get(LISTED, headers=admin).get_json()["items"]
    assert (row["route"], row["status"], row["replica"]) == ("/api/v1/products/<product_id>", 404, "api-1")
    assert row["seconds"] > 0


def test_the_newest_is_first(api: Api, admin: dict[str, str]) -> None:
    """Profiles are listed by request ID, newest first."""
    for name in ("first-request", "second-request"):
        profiled(api, admin, **{"X-Request-ID": name})
    items = api.client.get(LISTED, headers=admin).get_json()["items"]
    assert [item["request_id"] for item in items] == ["second-request", "first-request"]


def test_a_stranger_is_refused_before_anything_is_done(api: Api) -> None:
    """Without admin rights the header returns 401 or 403; the view does not run and no profile is stored."""
    customer = api.as_(api.log_in()["access_token"])
    order = {"items": [{"product_id": "brass-lamp", "quantity": 1}]}
    for headers, status in (({}, 401), (customer, 403)):
        answer = api.client.post("/api/v1/orders", json=order, headers={**headers, **WANTED})
        assert answer.status_code == status
        assert answer.content_type == "application/problem+json"
    assert api.orders.orders == {}
    assert api.profiles.kept == {}


@pytest.mark.parametrize("path", [LISTED, f"{LISTED}/some-request", f"{LISTED}/some-request/speedscope"])
def test_only_admins_see_profiles(api: Api, path: str) -> None:
    """Only admins can read profiles, because profiles name the project's functions."""
    customer = api.as_(api.log_in()["access_token"])
    assert api.client.get(path).status_code == 401
    assert api.client.get(path, headers=customer).status_code == 403


def test_what_is_not_there_is_not_found(api: Api, admin: dict[str, str]) -> None:
    """A profile that was dropped or never recorded returns 404."""
    assert api.client.get(f"{LISTED}/some-request", headers=admin).status_code == 404


def test_another_value_of_the_header_is_refused(api: Api, admin: dict[str, str]) -> None:
    """Another value of the header returns 400, and the problem states the allowed value."""
    answer = api.client.get("/api/v1/products", headers={**admin, "X-Profile": "yes"})
    assert (answer.status_code, answer.get_json()["detail"]) == (400, "X-Profile must be 1 or omitted.")


def test_a_profile_that_cannot_be_kept_costs_no_answer(
    api: Api, admin: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """A profile that cannot be stored is logged; the response succeeds and does not link to it."""
    api.profiles.refuses = "it is too large"
    with caplog.at_level(logging.WARNING, "app.profiling"):
        answer = profiled(api, admin)
    assert answer.status_code == 200
    assert "X-Profile" not in answer.headers
    assert [record.getMessage() for record in caplog.records] == ["profile not stored: it is too large"]


def test_the_thread_is_not_watched_afterwards(api: Api, admin: dict[str, str]) -> None:
    """The profiler is removed from the thread after the request."""
    profiled(api, admin)
    assert sys.getprofile() is None


def test_the_profiler_is_not_loaded_until_it_is_wanted() -> None:
    """The profiler is not imported before the first profile, so that it costs no memory until then."""
    code = "import app.factory, sys; sys.exit('pyinstrument' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
