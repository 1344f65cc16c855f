"""``python -m faults list|on|off``: switch faults of a running shop through its API, as an administrator.

Without containers: ``make fault NAME=api-errors``. For other installations, set ``API_URL``, ``ADMIN_EMAIL`` and
``ADMIN_PASSWORD_FILE``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests

from faults.definitions import FAULTS, LONGEST_SECONDS
from glasshouse_observability.settings import MISCONFIGURED, REQUIRED, FromEnv, Secret, Text, Url, WrongSetting, setting

TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True)
class AdminSettings(FromEnv):
    """The shop's address and the credentials of its admin."""

    password: str = setting("ADMIN_PASSWORD", Secret(), REQUIRED, "password of the shop's admin")
    url: str = setting("API_URL", Url("http", "https"), "http://127.0.0.1:8000", "URL of the shop")
    email: str = setting("ADMIN_EMAIL", Text(254), "admin@glasshouse.example", "e-mail address of the shop's admin")


class Refused(Exception):
    """The API rejected the request; the message states the reason."""


class FaultClient:
    """Client for the API's fault endpoints."""

    def __init__(self, url: str, email: str, password: str) -> None:
        self._url, self._session = url.rstrip("/"), requests.Session()
        # A loopback or internal address: proxies set in the environment do not apply.
        self._session.trust_env = False
        token = self._ask("POST", "/api/v1/auth/login", {"email": email, "password": password})["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def every(self) -> list[dict[str, Any]]:
        """Return all faults. Raises ``Refused``."""
        found: list[dict[str, Any]] = self._ask("GET", "/api/v1/admin/faults")["items"]
        return found

    def on(self, name: str, how: Mapping[str, Any]) -> dict[str, Any]:
        """Switch a fault on. Raises ``Refused``."""
        return self._ask("PUT", f"/api/v1/admin/faults/{name}", dict(how))

    def off(self, name: str) -> dict[str, Any]:
        """Switch a fault off. Raises ``Refused``."""
        return self._ask("DELETE", f"/api/v1/admin/faults/{name}")

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        try:
            answer = self._session.request(method, f"{self._url}{path}", json=body, timeout=TIMEOUT_SECONDS)
            said: dict[str, Any] = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise Refused(f"{self._url} does not respond ({type(error).__name__}): start it with `make up`.") from error
        if answer.status_code >= 400:
            raise Refused(f"{said.get('detail', 'refused')} ({answer.status_code})")
        return said


def parser() -> argparse.ArgumentParser:
    """Return the parser of the commands and their options."""
    top = argparse.ArgumentParser(prog="python -m faults", description="Switch faults of a running shop on and off.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("list", help="list all faults, their parameters, and which are on")
    on = commands.add_parser("on", help="switch a fault on; it ends automatically")
    on.add_argument("name", choices=FAULTS, metavar="NAME")
    on.add_argument("--seconds", type=int, default=argparse.SUPPRESS, help=f"duration, at most {LONGEST_SECONDS}")
    on.add_argument("--percent", type=float, default=argparse.SUPPRESS, help="percentage of cases that fail")
    on.add_argument("--milliseconds", type=int, default=argparse.SUPPRESS)
    on.add_argument("--per-second", type=int, default=argparse.SUPPRESS)
    on.add_argument("--route", default=argparse.SUPPRESS, help="a route, such as /api/v1/orders")
    on.add_argument("--instance", default=argparse.SUPPRESS, help="such as api-1")
    off = commands.add_parser("off", help="switch a fault off, or all faults if no name is given")
    off.add_argument("names", nargs="*", metavar="NAME", help="a name that `list` shows")
    return top


def run(client: FaultClient, options: argparse.Namespace) -> None:
    """Run the command. Raises ``Refused``."""
    if options.command == "on":
        how = {key: value for key, value in vars(options).items() if key not in ("command", "name")}
        said = client.on(options.name, how)
        _say(f"{said['name']} is on until {said['until']}. {said['what']}")
    elif options.command == "off":
        for name in options.names or [one["name"] for one in client.every() if one["on"]]:
            _say(f"{client.off(name)['name']} is off.")
    else:
        for one in client.every():
            state = f"on until {one['until']}" if one["on"] else "off" if one["available"] else "not available here"
            takes = ", ".join(f"{key} ({its['allowed']})" for key, its in one["takes"].items())
            _say(f"{one['name']:<17} {state}\n    {one['what']}" + (f"\n    takes {takes}" if takes else ""))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status."""
    options = parser().parse_args(arguments)
    try:
        settings = AdminSettings.from_env()
        run(FaultClient(settings.url, settings.email, settings.password), options)
    except WrongSetting as error:
        sys.stderr.write(f"faults: {error}\n")
        return MISCONFIGURED
    except Refused as error:
        sys.stderr.write(f"faults: {error}\n")
        return 1
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
