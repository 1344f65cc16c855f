"""Rate limits while Redis fails."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from flask import Flask

from app import limits
from tests.unit.app.conftest import SETTINGS

TOGETHER = 8


def test_a_redis_that_fails_under_many_requests_fails_none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them are in the middle of counting when it goes: one turns to memory, none gets 500."""
    app = Flask(__name__)
    limiter = limits.new_limiter(app, SETTINGS)
    all_in = threading.Barrier(TOGETHER, timeout=10)

    def fail(*_: Any, **__: Any) -> bool:
        all_in.wait()
        raise redis.BusyLoadingError("Redis is loading the dataset in memory")

    monkeypatch.setattr(limiter._limiter, "hit", fail)

    @app.get("/")
    @limiter.limit("100 per minute")
    def view() -> str:
        return "served"

    def ask(_: int) -> int:
        return app.test_client().get("/").status_code

    with ThreadPoolExecutor(TOGETHER) as pool:
        assert list(pool.map(ask, range(TOGETHER))) == [200] * TOGETHER


def test_a_view_without_a_limit_asks_the_limiter_nothing() -> None:
    """It costs CPU; a view with one asks once."""
    app = Flask(__name__)
    limiter = limits.new_limiter(app, SETTINGS)
    asked: list[str | None] = []
    check = limiter._check_request_limit

    def noted(callable_name: str | None = None, in_middleware: bool = True) -> None:
        asked.append(callable_name)
        check(callable_name, in_middleware)

    limiter._check_request_limit = noted  # type: ignore[method-assign]
    assert app.before_request_funcs[None] == []

    @app.get("/free")
    def free() -> str:
        return "served"

    @app.get("/limited")
    @limiter.limit("1 per minute")
    def limited() -> str:
        return "served"

    client = app.test_client()
    assert [client.get("/free").status_code for _ in range(3)] == [200] * 3
    assert asked == []
    assert [client.get("/limited").status_code for _ in range(2)] == [200, 429]
    assert len(asked) == 2
