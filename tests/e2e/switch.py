"""Switch the shop's faults as the instance's admin."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import requests

PATH = "/api/v1/admin/faults"


class Shop(Protocol):
    """The methods of a running instance that the switch uses."""

    @property
    def state_dir(self) -> Path: ...

    def api(self, method: str, path: str, **options: Any) -> requests.Response: ...


class Switch:
    """Switches faults. It signs in at the first use and again when the token has expired."""

    def __init__(self, stack: Shop) -> None:
        self._stack = stack
        self._headers: dict[str, str] = {}

    def on(self, name: str, **how: Any) -> None:
        self._ask("PUT", f"{PATH}/{name}", json=how)

    def off(self, name: str) -> None:
        self._ask("DELETE", f"{PATH}/{name}")

    def those_on(self) -> list[str]:
        return [one["name"] for one in self._ask("GET", PATH)["items"] if one["on"]]

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        answer = self._stack.api(method, path, headers=self._headers, **options)
        if answer.status_code == 401:
            self._sign_in()
            answer = self._stack.api(method, path, headers=self._headers, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _sign_in(self) -> None:
        password = (self._stack.state_dir / "secrets" / "admin_password").read_text().strip()
        body = {"email": "admin@glasshouse.example", "password": password}
        answer = self._stack.api("POST", "/api/v1/auth/login", json=body)
        assert answer.status_code == 200, answer.text
        self._headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
