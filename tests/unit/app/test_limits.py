"""Rate limits and their headers, also while Redis fails."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from flask import Flask, abort
from werkzeug.test import TestResponse

from app import limits
from glasshouse_observability import Telemetry
from tests.unit.app.conftest import SETTINGS, new_api

TOGETHER = 8


def test_a_redis_that_fails_under_many_requests_fails_none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """If Redis fails while many requests are being counted, the limiter switches to memory and none of them fails."""
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
    """A view without a limit makes no call to the limiter, and a view with a limit makes one."""
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


WINDOW_SECONDS = 61
"""One minute, and the second to which the limiter rounds up its end."""
LIMIT_HEADERS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


@pytest.fixture
def limited() -> Flask:
    """Return an app with a view for each way in which a view can end and one without a limit.

    The limit is three requests per minute.
    """
    app = Flask(__name__)
    limiter = limits.new_limiter(app, SETTINGS)

    def add(path: str, view: Callable[[], Any]) -> None:
        app.add_url_rule(path, path, limiter.limit("3 per minute")(view))

    def forbidden() -> str:
        abort(403)

    def defect() -> str:
        raise ZeroDivisionError

    add("/served", lambda: "served")
    add("/forbidden", forbidden)
    add("/defect", defect)
    add("/unavailable", lambda: ("later", 503, {"Retry-After": "7"}))
    app.add_url_rule("/free", "free", lambda: ("free", 200, {"Retry-After": "7"}))
    return app


def ask(app: Flask, path: str, method: str = "GET") -> TestResponse:
    return app.test_client().open(path, method=method)


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [("/served", "GET", 200), ("/served", "HEAD", 200), ("/forbidden", "GET", 403), ("/defect", "GET", 500)],
)
def test_an_answer_says_how_much_is_left(limited: Flask, path: str, method: str, status: int) -> None:
    """``RateLimit-Reset`` counts seconds from now, and only a refusal has ``Retry-After``."""
    answer = ask(limited, path, method)
    assert answer.status_code == status
    assert [answer.headers.getlist(name) for name in LIMIT_HEADERS[:2]] == [["3"], ["2"]]
    assert 50 <= int(answer.headers["RateLimit-Reset"]) <= WINDOW_SECONDS
    assert len(answer.headers.getlist("RateLimit-Reset")) == 1
    assert ("Retry-After" in answer.headers) == (status >= 400)


def test_who_is_refused_learns_when_to_come_back(limited: Flask) -> None:
    """A refused request returns 429 with both headers in seconds."""
    for _ in range(3):
        ask(limited, "/served")
    answer = ask(limited, "/served")
    assert answer.status_code == 429
    assert answer.headers["RateLimit-Remaining"] == "0"
    assert 1 <= int(answer.headers["RateLimit-Reset"]) <= WINDOW_SECONDS
    assert 1 <= int(answer.headers["Retry-After"]) <= WINDOW_SECONDS


def test_a_views_own_retry_after_counts_if_it_is_later(limited: Flask) -> None:
    """The later of the view's ``Retry-After`` and the limiter's is sent.

    A dependency that is down for seconds does not shorten the window of the limit.
    """
    answer = ask(limited, "/unavailable")
    assert answer.status_code == 503
    assert 50 <= int(answer.headers["Retry-After"]) <= WINDOW_SECONDS


@pytest.mark.parametrize(("path", "method"), [("/free", "GET"), ("/served", "OPTIONS"), ("/nowhere", "GET")])
def test_what_has_no_limit_says_nothing_of_one(limited: Flask, path: str, method: str) -> None:
    """Views without a limit and Flask's own responses have no limit headers.

    The ``Retry-After`` of such a view is unchanged.
    """
    answer = ask(limited, path, method)
    assert not [name for name in LIMIT_HEADERS if name in answer.headers]
    assert answer.headers.get("Retry-After") == ("7" if path == "/free" else None)


def test_flask_answers_by_its_own_method(telemetry: Telemetry) -> None:
    """The application does not override Flask's ``process_response``, because Flask may change its signature."""
    app = new_api(telemetry).client.application
    assert "process_response" not in vars(app)
    assert type(app).process_response is Flask.process_response
