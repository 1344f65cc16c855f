"""``/api/v1/admin/profiles``: profiles of requests that were sent with ``X-Profile: 1``."""

from __future__ import annotations

import redis
from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from app.identity import required_admin
from app.problems import problem
from app.profiling.schemas import PATH_PROFILE, ProfileAnswer, ProfileList
from app.profiling.store import Profile, Profiles
from app.spec import operation
from shop.domain.errors import NotFound


def blueprint(profiles: Profiles) -> Blueprint:
    """Register the views of the list and of each profile, as a text tree or as a file for speedscope.app."""
    api = Blueprint("profiles", __name__, url_prefix="/api/v1/admin/profiles")

    @api.before_request
    def admins_only() -> None:
        required_admin()

    @api.errorhandler(redis.RedisError)
    def away(_: redis.RedisError) -> Response:
        return problem(
            503, "unavailable", "Service Unavailable", "Profiles are stored in Redis, which does not respond."
        )

    def found(request_id: str) -> Profile:
        profile = profiles.get(request_id)
        if profile is None:
            raise NotFound("profile", request_id[:128])
        return profile

    @api.get("")
    @operation(summary="Profiled requests, newest first", tag="admin", answers={200: ProfileList}, auth="admin")
    def newest() -> ResponseReturnValue:
        names = ProfileAnswer.model_fields
        return jsonify({"items": [{name: getattr(one, name) for name in names} for one in profiles.newest()]})

    @api.get("/<request_id>")
    @operation(
        summary="The profile of a request that was sent with X-Profile: 1, as a call tree",
        tag="admin",
        path=PATH_PROFILE,
        answers={200: None},
        problems=(404,),
        auth="admin",
        media="text/plain",
    )
    def show(request_id: str) -> Response:
        return Response(found(request_id).tree, content_type="text/plain; charset=utf-8")

    @api.get("/<request_id>/speedscope")
    @operation(
        summary="The profile of a request, as a file for speedscope.app",
        tag="admin",
        path=PATH_PROFILE,
        answers={200: None},
        problems=(404,),
        auth="admin",
        media="application/vnd.speedscope+json",
    )
    def speedscope(request_id: str) -> Response:
        return Response(found(request_id).speedscope, content_type="application/vnd.speedscope+json")

    return api
