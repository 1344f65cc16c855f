"""``/api/v1/auth``: accounts and tokens."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from flask_jwt_extended import get_jwt, verify_jwt_in_request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from pydantic import ValidationError
from werkzeug.exceptions import Unauthorized

from app.bodies import json_body
from app.identity import required_caller, revoke_family, tokens
from app.schemas import AccountAnswer, Credentials, Tokens
from app.settings import ApiSettings
from app.spec import operation
from shop.accounts import LogIn, Register
from shop.domain.account import normalised
from shop.ports import Revocations


def blueprint(
    register: Register, log_in: LogIn, revocations: Revocations, limiter: Limiter, settings: ApiSettings
) -> Blueprint:
    """Register the views that create accounts, log users in and out, and refresh tokens."""
    api = Blueprint("auth", __name__, url_prefix="/api/v1/auth")
    per_address = limiter.limit(settings.limit_addresses, key_func=get_remote_address)

    @api.post("/register")
    @per_address
    @operation(summary="Create an account", tag="accounts", body=Credentials, answers={201: Tokens}, problems=(409,))
    def open_account() -> ResponseReturnValue:
        wanted = Credentials.model_validate_json(json_body(request))
        return jsonify(tokens(register(wanted.email, wanted.password))), 201

    @api.post("/login")
    @per_address
    @limiter.limit(settings.limit_logins, key_func=_email_that_is_tried)
    @operation(summary="Log in", tag="accounts", body=Credentials, answers={200: Tokens}, problems=(401,))
    def enter() -> ResponseReturnValue:
        given = Credentials.model_validate_json(json_body(request))
        return jsonify(tokens(log_in(given.email, given.password)))

    @api.post("/refresh")
    @per_address
    @operation(
        summary="Exchange a refresh token, which is single-use, for new tokens",
        tag="accounts",
        answers={200: Tokens},
        problems=(401,),
        auth="required",
    )
    def refresh() -> ResponseReturnValue:
        verify_jwt_in_request(refresh=True)
        old = get_jwt()
        if not revocations.use_once(old["jti"], datetime.fromtimestamp(old["exp"], UTC)):
            revoke_family(revocations, old, settings.refresh_lifetime)
            raise Unauthorized("This refresh token has already been used; log in again.")
        # The role may have changed since the old token was issued, so it is read from the database again.
        account = register.account(str(old["sub"]))
        return jsonify(tokens(account, old["fam"]))

    @api.post("/logout")
    @operation(
        summary="Log out: revoke every token of this login",
        tag="accounts",
        answers={204: None},
        problems=(401,),
        auth="required",
    )
    def leave() -> ResponseReturnValue:
        required_caller()
        revoke_family(revocations, get_jwt(), settings.refresh_lifetime)
        return "", 204

    @api.get("/me")
    @operation(
        summary="The account of the token",
        tag="accounts",
        answers={200: AccountAnswer},
        problems=(401,),
        auth="required",
    )
    def me() -> ResponseReturnValue:
        who = required_caller()
        return jsonify({"id": who.account_id, "role": str(who.role)})

    return api


def _email_that_is_tried() -> str:
    try:
        return f"email:{normalised(Credentials.model_validate_json(json_body(request)).email)}"
    except ValidationError:
        # The view will reject it; until then the request counts against the address of the client.
        return f"address:{get_remote_address()}"
