"""Authentication and authorisation of the API."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import jwt
import pytest

from app.settings import ApiSettings
from glasshouse_observability import WrongSetting
from shop.domain.account import Role
from tests.unit.app.conftest import PASSWORD, SETTINGS, Api
from tests.unit.shop.fakes import LAMP

GOOD = {"items": [{"product_id": LAMP.id, "quantity": 1}]}


def claims(token: str) -> dict[str, Any]:
    read: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return read


def status(api: Api, token: str, path: str = "/api/v1/auth/me") -> int:
    return api.client.get(path, headers=api.as_(token)).status_code


def test_registering_and_logging_in_give_tokens(api: Api) -> None:
    """Registering and logging in return tokens of the same account, and the e-mail address is case-insensitive."""
    credentials = {"email": "Ann@Example.com", "password": PASSWORD}
    first = api.client.post("/api/v1/auth/register", json=credentials)
    assert first.status_code == 201
    second = api.client.post("/api/v1/auth/login", json=credentials | {"email": "ann@example.COM"}).get_json()
    assert claims(first.get_json()["access_token"])["sub"] == claims(second["access_token"])["sub"]
    assert status(api, second["access_token"]) == 200
    assert "password" not in first.text


def test_an_address_has_one_account(api: Api) -> None:
    """Registering an existing address returns 409 and leaves the password unchanged."""
    api.log_in()
    other = {"email": "ANN@example.com", "password": "another long password"}
    assert api.client.post("/api/v1/auth/register", json=other).status_code == 409
    assert api.client.post("/api/v1/auth/login", json=other).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "ann@example.com"},
        {"email": "ann", "password": PASSWORD},
        {"email": "ann@example.com", "password": "short"},
        {"email": "ann@example.com", "password": "x" * 129},
        {"email": {"$gt": ""}, "password": {"$gt": ""}},
        {"email": "ann@example.com\nBcc: all@example.com", "password": PASSWORD},
        {"email": "ann@example.com", "password": PASSWORD, "role": "admin"},
    ],
)
def test_bad_credentials_are_refused(api: Api, body: Any) -> None:
    """Invalid credentials, injections, mail headers and a requested role return 422."""
    for path in ("register", "login"):
        assert api.client.post(f"/api/v1/auth/{path}", json=body).status_code == 422
    assert api.accounts.accounts == {}


def test_login_does_not_reveal_whether_an_address_is_known(api: Api) -> None:
    """A wrong password and an unknown address get the same response."""
    api.log_in()
    answers = [
        api.client.post("/api/v1/auth/login", json={"email": email, "password": "wrong password"})
        for email in ("ann@example.com", "bob@example.com")
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert len({answer.get_json()["detail"] for answer in answers}) == 1


def test_a_refresh_token_is_used_up_by_its_use(api: Api) -> None:
    """A refresh token works once; using it again revokes its whole token family, because it may be stolen."""
    old = api.log_in()
    fresh = api.client.post("/api/v1/auth/refresh", headers=api.as_(old["refresh_token"])).get_json()
    assert status(api, fresh["access_token"]) == 200
    assert api.client.post("/api/v1/auth/refresh", headers=api.as_(old["refresh_token"])).status_code == 401
    assert status(api, fresh["access_token"]) == 401
    assert api.client.post("/api/v1/auth/refresh", headers=api.as_(fresh["refresh_token"])).status_code == 401


def test_a_refresh_reads_the_role_again(api: Api) -> None:
    """A refreshed token carries the current role of the account."""
    tokens = api.log_in(role=Role.ADMIN)
    api.accounts.set_role(claims(tokens["access_token"])["sub"], Role.CUSTOMER)
    fresh = api.client.post("/api/v1/auth/refresh", headers=api.as_(tokens["refresh_token"])).get_json()
    assert claims(fresh["access_token"])["role"] == "customer"


def test_logging_out_ends_all_tokens_of_the_log_in(api: Api) -> None:
    """Logging out revokes all tokens of that log-in and leaves other log-ins valid."""
    here, there = api.log_in(), api.log_in()
    assert api.client.post("/api/v1/auth/logout", headers=api.as_(here["access_token"])).status_code == 204
    assert status(api, here["access_token"]) == 401
    assert api.client.post("/api/v1/auth/refresh", headers=api.as_(here["refresh_token"])).status_code == 401
    assert status(api, there["access_token"]) == 200


def forged(token: str, **changes: Any) -> str:
    """Return the token with other claims and the old signature."""
    head, _, signature = token.split(".")
    body = base64.urlsafe_b64encode(json.dumps({**claims(token), **changes}).encode()).rstrip(b"=").decode()
    return f"{head}.{body}.{signature}"


def unsigned(token: str) -> str:
    """Return the token with ``alg: none``."""
    return jwt.encode({**claims(token), "role": "admin"}, key="", algorithm="none")


def signed(token: str, secret: str = SETTINGS.jwt_secret, algorithm: str = "HS256", **changes: Any) -> str:
    return jwt.encode({**claims(token), **changes}, secret, algorithm=algorithm)


@pytest.mark.parametrize("path", ["/api/v1/auth/me", "/api/v1/orders", "/api/v1/admin/dead-letters"])
def test_bad_tokens_open_nothing(api: Api, path: str) -> None:
    """Every invalid token returns 401.

    Covered are expired, forged, unsigned and truncated tokens, other secrets, algorithms and issuers, and refresh
    tokens.
    """
    token, refresh = api.log_in()["access_token"], api.log_in()["refresh_token"]
    bad = [
        signed(token, exp=int(time.time()) - 1),
        forged(token, role="admin"),
        forged(token, sub="acc_other"),
        unsigned(token),
        signed(token, secret="another secret, which is as long as the one that would be right here"),
        signed(token, algorithm="HS512"),
        signed(token, iss="another-issuer"),
        signed(token, nbf=int(time.time()) + 3600),
        refresh,
        token[:-2],
        "nonsense",
    ]
    for one in bad:
        answer = api.client.get(path, headers=api.as_(one))
        assert answer.status_code == 401, one
        assert answer.mimetype == "application/problem+json"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    for header in ("Bearer", "Basic dXNlcjpwYXNz", "bearer x", ""):
        assert api.client.get(path, headers={"Authorization": header}).status_code == 401
    assert api.client.get(path).status_code == 401


def test_a_bad_token_is_never_passed_over(api: Api) -> None:
    """A request with an invalid token returns 401 even on a route that guests may use."""
    answer = api.client.post("/api/v1/orders", json=GOOD, headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 401
    assert api.orders.orders == {}


def test_customers_are_no_admins(api: Api) -> None:
    """Every admin route returns 403 to a customer before it validates the body."""
    token = api.log_in()["access_token"]
    for method, path in (
        ("GET", "dead-letters"),
        ("POST", f"dead-letters/ord_{'0' * 32}/retry"),
        ("POST", "products"),
        ("PUT", f"products/{LAMP.id}/price"),
        ("PUT", f"products/{LAMP.id}/stock"),
    ):
        answer = api.client.open(f"/api/v1/admin/{path}", method=method, json={}, headers=api.as_(token))
        assert answer.status_code == 403, path


def test_an_order_is_seen_by_its_owner_and_by_admins(api: Api) -> None:
    """Only its owner and admins can read, cancel or watch an order: other customers get 403, guests 401."""
    ann, bob = api.log_in("ann@example.com")["access_token"], api.log_in("bob@example.com")["access_token"]
    admin = api.log_in("root@example.com", Role.ADMIN)["access_token"]
    order = api.client.post("/api/v1/orders", json=GOOD, headers=api.as_(ann)).headers["Location"]
    seen = {name: status(api, token, order) for name, token in {"ann": ann, "bob": bob, "admin": admin}.items()}
    assert seen == {"ann": 200, "bob": 403, "admin": 200}
    assert api.client.get(order).status_code == 401
    assert api.client.post(f"{order}/cancel", headers=api.as_(bob)).status_code == 403
    assert api.client.get(f"{order}/events", headers=api.as_(bob)).status_code == 403
    assert api.client.post(f"{order}/cancel", headers=api.as_(ann)).get_json()["status"] == "cancelled"


def test_without_knowing_what_was_revoked_every_token_is_refused(api: Api) -> None:
    """If the list of revoked tokens is unavailable, requests with a token return 503 and guests can still order."""
    token = api.log_in()["access_token"]
    api.revocations.down = True
    assert status(api, token) == 503
    assert api.client.post("/api/v1/orders", json=GOOD).status_code == 202


def test_log_ins_are_limited_for_each_address(api: Api) -> None:
    """The eleventh log-in attempt per minute on an account returns 429 with ``Retry-After``.

    Other accounts are not affected.
    """
    wrong = {"email": "ann@example.com", "password": "wrong password"}
    answers = [api.client.post("/api/v1/auth/login", json=wrong) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    refused = answers[-1]
    assert refused.mimetype == "application/problem+json"
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["RateLimit-Remaining"] == "0"
    assert 0 <= int(refused.headers["RateLimit-Reset"]) <= 61
    api.log_in("bob@example.com")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JWT_SECRET", "short"),
        ("JWT_SECRET_FILE", "/no/such/file"),
        ("THREADS", "0"),
        ("RATE_LIMIT_LOGINS", "often"),
        ("CORS_ORIGINS", "*"),
        ("ACCESS_TOKEN_SECONDS", "-1"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    """The error for an invalid setting names the setting, and does not repeat the value of a secret."""
    env = {"JWT_SECRET": "x" * 32} if not name.startswith("JWT") else {}
    with pytest.raises(WrongSetting, match=name) as caught:
        ApiSettings.from_env({**env, name: value})
    assert value not in str(caught.value) or name != "JWT_SECRET"


def test_a_secret_must_be_set() -> None:
    """``JWT_SECRET`` is required, because a default value would be publicly known."""
    with pytest.raises(WrongSetting, match="JWT_SECRET is not set"):
        ApiSettings.from_env({})
