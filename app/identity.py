"""Authentication: JSON Web Tokens, which are stateless except for a list of revoked tokens."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask, Response, request
from flask_jwt_extended import JWTManager, create_access_token, create_refresh_token, get_jwt, verify_jwt_in_request
from werkzeug.exceptions import Forbidden

from app.problems import problem
from app.settings import ApiSettings
from shop.domain.account import Account, Role
from shop.domain.order import Order
from shop.ports import Revocations

ISSUER = "glasshouse"


@dataclass(frozen=True, slots=True)
class Caller:
    """An account that was authenticated by a token."""

    account_id: str
    role: Role


def install(app: Flask, settings: ApiSettings, revocations: Revocations) -> None:
    """Configure ``app`` to accept tokens and reject those that were revoked."""
    app.config.update(
        JWT_SECRET_KEY=settings.jwt_secret,
        # Only this algorithm is allowed: a token that names "none" or another algorithm is rejected unread.
        JWT_ALGORITHM="HS256",
        JWT_DECODE_ALGORITHMS=["HS256"],
        JWT_ENCODE_ISSUER=ISSUER,
        JWT_DECODE_ISSUER=ISSUER,
        JWT_ACCESS_TOKEN_EXPIRES=settings.access_lifetime,
        JWT_REFRESH_TOKEN_EXPIRES=settings.refresh_lifetime,
        JWT_TOKEN_LOCATION=["headers"],
    )
    manager = JWTManager(app)

    @manager.token_in_blocklist_loader
    def is_revoked(_: Any, payload: dict[str, Any]) -> bool:
        return revocations.any_revoked([payload["jti"], payload["fam"]])

    @manager.revoked_token_loader
    def revoked(_: Any, payload: dict[str, Any]) -> Response:
        if payload["type"] == "refresh":
            # A refresh token that is used twice has been stolen, by its first user or its second: its family is
            # revoked.
            revoke_family(revocations, payload, settings.refresh_lifetime)
        return _refusal("This token has been revoked; log in again.")

    @manager.expired_token_loader
    def expired(_: Any, payload: dict[str, Any]) -> Response:
        advice = "use the refresh token" if payload.get("type") == "access" else "log in again"
        return _refusal(f"This token has expired; {advice}.")

    manager.invalid_token_loader(lambda _: _refusal("This token is not valid here."))
    manager.unauthorized_loader(
        lambda _: _refusal("Authentication is required: send the header Authorization: Bearer <access_token>.")
    )


def _refusal(detail: str) -> Response:
    answer = problem(401, "unauthorized", "Unauthorized", detail)
    answer.headers["WWW-Authenticate"] = 'Bearer realm="glasshouse"'
    return answer


def tokens(account: Account, family: str | None = None) -> dict[str, Any]:
    """Return an access token and a refresh token; all tokens of one login form a family."""
    claims = {"role": str(account.role), "fam": family or uuid.uuid4().hex}
    return {
        "access_token": create_access_token(account.id, additional_claims=claims),
        "refresh_token": create_refresh_token(account.id, additional_claims=claims),
        "token_type": "Bearer",
    }


def revoke_family(revocations: Revocations, payload: dict[str, Any], lifetime: timedelta) -> None:
    """Revoke every token of the same login."""
    revocations.revoke([payload["fam"]], datetime.now(UTC) + lifetime)


def caller() -> Caller | None:
    """Return who sent the request, or ``None`` for a guest.

    A token that is sent must be valid: it is never ignored.
    """
    if "Authorization" not in request.headers:
        return None
    return required_caller()


def required_caller() -> Caller:
    """Return who sent the request; without a valid token the response is 401."""
    verify_jwt_in_request()
    claims = get_jwt()
    return Caller(str(claims["sub"]), Role(claims["role"]))


def required_admin() -> Caller:
    """Return the admin who sent the request; the response is 401 without a valid token, 403 for other accounts."""
    who = required_caller()
    if who.role is not Role.ADMIN:
        raise Forbidden("Only administrators may do this.")
    return who


def must_own(order: Order) -> Order:
    """Check that the caller may see the order: its owner, an admin, or any caller that has the id of a guest's order.

    A caller without a token gets 401, a customer who is not the owner gets 403. This does not leak that the order
    exists: the caller already has its id, and an id cannot be guessed.
    """
    who = caller()
    if order.customer_id is None:
        return order
    who = who or required_caller()
    if who.role is not Role.ADMIN and who.account_id != order.customer_id:
        raise Forbidden("This order belongs to another customer.")
    return order
