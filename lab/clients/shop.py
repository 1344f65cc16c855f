"""The shop's API for drills and chaos runs: catalogue, new customers, stock, retries of dead letters."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import Any

import requests

from lab.clients.errors import RunFailed
from lab.clients.http import direct_session
from lab.clients.running_stack import RunningStack

ADMIN = "admin@glasshouse.example"
SECONDS = 15.0


class ShopClient:
    """The shop, through NGINX."""

    def __init__(self, instance: RunningStack) -> None:
        self._api = f"{instance.url('nginx')}/api/v1"
        self._password = instance.admin_password()

    def catalogue(self) -> list[dict[str, Any]]:
        """Return every product, as the API shows it."""
        found: list[dict[str, Any]] = []
        while True:
            after = {"after": found[-1]["id"]} if found else {}
            page = self._ask("GET", "/products", params={"limit": 100, **after})["items"]
            found += page
            if len(page) < 100:
                return found

    def customers(self, count: int) -> list[str]:
        """Return access tokens of this many new accounts."""
        who = secrets.token_hex(4)
        return [
            str(
                self._ask(
                    "POST",
                    "/auth/register",
                    json={"email": f"lab-{who}-{number}@example.com", "password": secrets.token_urlsafe(18)},
                )["access_token"]
            )
            for number in range(count)
        ]

    def set_stock(self, product: str, pieces: int) -> None:
        """Set a product's stock, as the admin."""
        self._ask("PUT", f"/admin/products/{product}/stock", json={"stock": pieces}, headers=self._as_admin())

    def retry(self, dead_letters: Sequence[str]) -> None:
        """Retry these orders, as the admin."""
        headers = self._as_admin() if dead_letters else {}
        for order in dead_letters:
            self._ask("POST", f"/admin/dead-letters/{order}/retry", headers=headers)

    def _as_admin(self) -> dict[str, str]:
        token = self._ask("POST", "/auth/login", json={"email": ADMIN, "password": self._password})["access_token"]
        return {"Authorization": f"Bearer {token}"}

    def _ask(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """Return the response's JSON. Retries a few times, because the instance may have just started."""
        last = ""
        for attempt in range(5):
            try:
                answer = direct_session().request(method, f"{self._api}{path}", timeout=SECONDS, **options)
            except requests.RequestException as error:
                last = type(error).__name__
            else:
                if answer.ok:
                    body: dict[str, Any] = answer.json()
                    return body
                last = f"{answer.status_code} {answer.text[:200]}"
                if answer.status_code < 500 and answer.status_code != 429:
                    break
            time.sleep(0.5 * (attempt + 1))
        raise RunFailed(f"{method} {path}: {last}")
