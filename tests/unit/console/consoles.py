"""The console over a fake of every server that it queries, and an administrator who can sign in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry

from console.app import create_app, received_counter
from console.config.settings import Settings
from console.inbox.store import Inbox

EMAIL, PASSWORD = "admin@glasshouse.example", "a long password"
LOGIN, ME, REFRESH, LOGOUT = (f"/api/v1/auth/{name}" for name in ("login", "me", "refresh", "logout"))
SIGN_IN = {LOGIN: {"access_token": "access-1", "refresh_token": "refresh-1"}, ME: {"role": "admin"}, LOGOUT: {}}


@dataclass
class FakedConsole:
    """A console whose ``client`` sends requests to it and whose ``transport`` responds to its own requests."""

    client: FlaskClient
    transport: Any
    state: Path
    headers: dict[str, str] = field(default_factory=dict)

    def sign_in(self) -> FakedConsole:
        """Sign in as the administrator."""
        answer = self.client.post("/api/session", json={"email": EMAIL, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        self.headers = {"X-CSRF-Token": answer.json["csrf"]}  # type: ignore[index]
        return self

    def asked(self, method: str, path: str) -> list[Any]:
        """Return the bodies that the console sent to this path."""
        return [body for how, url, _, body in self.transport.asked if how == method and url.endswith(path)]


def faked_console(
    inbox: Inbox, directory: Path, transport: Any, environ: Mapping[str, str] | None = None
) -> FakedConsole:
    """Return a console whose state is below ``directory``."""
    settings = Settings.from_env({"CONSOLE_STATE_DIR": str(directory / "data" / "console"), **(environ or {})})
    app = create_app(settings, inbox, received_counter(CollectorRegistry()), lambda: True, transport=transport)
    return FakedConsole(app.test_client(), transport, directory)


def vector(*samples: tuple[Mapping[str, str], float]) -> dict[str, Any]:
    """Return Prometheus' response to an instant query."""
    return {"data": {"result": [{"metric": dict(labels), "value": [1, str(value)]} for labels, value in samples]}}
