"""The shop's own faults, activated and cleared as its administrator."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import requests

from lab.clients.errors import RunFailed
from lab.clients.http import direct_session
from lab.clients.running_stack import RunningStack
from lab.clients.shop import ADMIN

SECONDS = 10.0
PATIENCE_SECONDS = 60.0
PATH = "/api/v1/admin/faults"


class Switches:
    """``/api/v1/admin/faults`` of an instance. Requests also go to the replicas directly, in case NGINX is down."""

    def __init__(self, instance: RunningStack) -> None:
        self._urls = [instance.url(name) for name in ("nginx", "api-1", "api-2")]
        self._password = instance.admin_password()
        self._token = ""
        self._until: dict[str, float] = {}
        self._session = direct_session()

    def sign_in(self) -> None:
        """Sign in before the fault, because clearing it with a token needs no database. Raises ``RunFailed``."""
        self._token = ""
        answer = self._ask("POST", "/api/v1/auth/login", {"email": ADMIN, "password": self._password}, signed=False)
        self._token = str(answer.json()["access_token"])

    def known(self) -> set[str]:
        """Return the names of the shop's faults; empty if faults are not available."""
        answer = self._ask("GET", PATH, allowed=(404,))
        if answer.status_code == 404:
            return set()
        content = answer.json()
        return {str(one["name"]) for one in content["items"]}

    def on(self, name: str, parameters: Mapping[str, Any], seconds: int) -> None:
        """Activate the fault; it expires automatically. Raises ``RunFailed``."""
        self._ask("PUT", f"{PATH}/{name}", {**parameters, "seconds": seconds})
        self._until[name] = time.monotonic() + seconds

    def off(self, name: str) -> None:
        """Clear the fault, with retries for a minute. Raises ``RunFailed`` unless the fault has expired by then."""
        try:
            self._ask("DELETE", f"{PATH}/{name}", allowed=(404,))
        except RunFailed:
            if time.monotonic() < self._until.get(name, 0.0):
                raise

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        allowed: tuple[int, ...] = (),
        signed: bool = True,
    ) -> requests.Response:
        last, deadline = "", time.monotonic() + PATIENCE_SECONDS
        while True:
            for url in self._urls:
                headers = {"Authorization": f"Bearer {self._token}"} if signed else {}
                try:
                    answer = self._session.request(method, f"{url}{path}", json=body, headers=headers, timeout=SECONDS)
                except requests.RequestException as error:
                    last = type(error).__name__
                    continue
                if answer.ok or answer.status_code in allowed:
                    return answer
                last = f"{answer.status_code} {answer.text[:300]}"
                if answer.status_code == 401 and signed:
                    # A new token, or RunFailed, so that there are no endless retries.
                    self.sign_in()
                elif answer.status_code < 500 and answer.status_code != 429:
                    raise RunFailed(f"{method} {path}: {last}")
            if time.monotonic() > deadline:
                raise RunFailed(f"{method} {path}: {last}")
            time.sleep(1.0)
