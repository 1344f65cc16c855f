"""Fixtures: parts of the console over fakes, and responses recorded from real servers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from console.app import create_app, received_counter
from console.config.addresses import Addresses
from console.config.settings import Settings
from console.inbox.store import Inbox
from console.servers.http import Reply

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture
def recorded() -> Callable[[str], Any]:
    """Return a response that was recorded from a real server."""
    return lambda name: json.loads((FIXTURES / f"{name}.json").read_text())


@pytest.fixture
def addresses() -> Addresses:
    """Return the default addresses."""
    return Addresses.from_env({})


class Clock:
    """A clock that advances one second at each reading."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    """Return an inbox that holds at most three items of a kind."""
    inbox = Inbox(tmp_path / "inbox.sqlite3", 3, Clock())
    yield inbox
    inbox.close()


@pytest.fixture
def console(inbox: Inbox, tmp_path: Path) -> SimpleNamespace:
    """The web application: ``client``, ``received`` (its counter) and ``smtp`` (whose ``alive`` can be set)."""
    runbooks = tmp_path / "runbooks"
    runbooks.mkdir()
    (runbooks / "ApiErrorRatioHigh.md").write_text("# Look & <listen>\n")
    (tmp_path / "secret.md").write_text("secret")
    environ = {
        "CONSOLE_STATE_DIR": str(tmp_path / "data" / "console"),
        "CONSOLE_RUNBOOKS_DIR": str(runbooks),
        "CONSOLE_MAX_WEBHOOK_BYTES": "4096",
    }
    received = received_counter(CollectorRegistry())
    smtp = SimpleNamespace(alive=True)
    app = create_app(Settings.from_env(environ), inbox, received, lambda: smtp.alive)
    return SimpleNamespace(client=app.test_client(), received=received, smtp=smtp, inbox=inbox)


class FakeTransport:
    """Responses by path: JSON content, a reply, an error to raise, or a tuple of them, whose last one is repeated."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = dict(answers)
        self.asked: list[tuple[str, str, Mapping[str, Any], Any]] = []
        self.headers: list[dict[str, str]] = []

    def __call__(
        self,
        method: str,
        url: str,
        query: Mapping[str, Any],
        body: Any,
        seconds: float,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        self.asked.append((method, url, query, body))
        self.headers.append(dict(headers or {}))
        path = "/" + url.split("/", 3)[3]
        answer = self.answers.get(path, Reply(404, {}, None, "no such page"))
        if isinstance(answer, tuple):
            self.answers[path] = answer[1:] or answer
            answer = answer[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Reply) else Reply(200, {}, answer, json.dumps(answer))


@pytest.fixture
def fake_transport() -> type[FakeTransport]:
    """Return the class, to be instantiated with the responses of a test."""
    return FakeTransport
