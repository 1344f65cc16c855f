"""Who calls: JSON Web Tokens, stateless but for the list of those that were revoked."""

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
    """An account that proved itself by a token."""

    account_id: str
    role: Role


def install(app: Flask, settings: ApiSettings, revocations: Revocations) -> None:
    """Let ``app`` understand tokens, and refuse those that were revoked."""
    app.config.update(
        JWT_SECRET_KEY=settings.jwt_secret,
        # One algorithm, named: a token that says "none", or another, is not read at all.
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
            # A refresh token that comes twice was stolen, or is in the hands of a thief now: its family ends.
            revoke_family(revocations, payload, settings.refresh_lifetime)
        return _refusal("This token was revoked; log in again.")

    @manager.expired_token_loader
    def expired(_: Any, payload: dict[str, Any]) -> Response:
        advice = "use the refresh token" if payload.get("type") == "access" else "log in again"
        return _refusal(f"This token has run out; {advice}.")

    manager.invalid_token_loader(lambda _: _refusal("This is no token of ours."))
    manager.unauthorized_loader(lambda _: _refusal("Send a token: Authorization: Bearer <access_token>."))


def _refusal(detail: str) -> Response:
    answer = problem(401, "unauthorized", "Unauthorized", detail)
    answer.headers["WWW-Authenticate"] = 'Bearer realm="glasshouse"'
    return answer


def tokens(account: Account, family: str | None = None) -> dict[str, Any]:
    """An access and a refresh token; tokens of one log-in are a family."""
    claims = {"role": str(account.role), "fam": family or uuid.uuid4().hex}
    return {
        "access_token": create_access_token(account.id, additional_claims=claims),
        "refresh_token": create_refresh_token(account.id, additional_claims=claims),
        "token_type": "Bearer",
    }


def revoke_family(revocations: Revocations, payload: dict[str, Any], lifetime: timedelta) -> None:
    """End every token that came from the same log-in."""
    revocations.revoke([payload["fam"]], datetime.now(UTC) + lifetime)


def caller() -> Caller | None:
    """Who sent the request, ``None`` for a guest. A token that is sent must be good: it is never passed over."""
    if "Authorization" not in request.headers:
        return None
    return required_caller()


def required_caller() -> Caller:
    """Who sent the request; without a good token the answer is 401."""
    verify_jwt_in_request()
    claims = get_jwt()
    return Caller(str(claims["sub"]), Role(claims["role"]))


def required_admin() -> Caller:
    """The admin who sent the request; 401 without a good token, 403 for any other caller's."""
    who = required_caller()
    if who.role is not Role.ADMIN:
        raise Forbidden("Only administrators may do this.")
    return who


def must_own(order: Order) -> Order:
    """The order, if the caller may see it: its owner, an admin, or any caller who knows the id of a guest's order.

    A stranger without a token gets 401, one with a token 403. This does not leak that the order exists:
    the caller already knows its id, and an id cannot be guessed.
    """
    who = caller()
    if order.customer_id is None:
        return order
    who = who or required_caller()
    if who.role is not Role.ADMIN and who.account_id != order.customer_id:
        raise Forbidden("This order belongs to another customer.")
    return order
