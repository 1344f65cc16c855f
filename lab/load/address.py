"""The only permitted target of load is this machine."""

from __future__ import annotations

import re
from dataclasses import dataclass

from glasshouse_observability.settings import REQUIRED, FromEnv, Kind, setting
from glasshouse_observability.settings.errors import Refused
from glasshouse_observability.settings.shown import quoted_url


class ForeignHost(ValueError):
    """The address is not on 127.0.0.1."""


def checked(url: str) -> str:
    """Return the address without a trailing slash. Raises ``ForeignHost`` unless it is ``http://127.0.0.1:<port>``.

    Names such as ``localhost`` are refused too, because they may resolve to another address.
    """
    if (
        not re.fullmatch(r"http://127\.0\.0\.1:[0-9]{1,5}/?", url)
        or not 0 < int(url.rstrip("/").rsplit(":")[-1]) < 65536
    ):
        shown = quoted_url(url) if url else "(none)"
        raise ForeignHost(f"{shown} is not allowed: load is sent to http://127.0.0.1:<port> only.")
    return url.rstrip("/")


class Loopback(Kind[str]):
    """An address that may receive load."""

    allowed = "http://127.0.0.1:<port>; load is sent to no other host"
    sensitive = True

    def parse(self, text: str) -> str:
        """Return the address without a trailing slash."""
        try:
            return checked(text)
        except ForeignHost:
            raise Refused from None

    def shown(self, text: str) -> str:
        """Return the address without user and password."""
        return quoted_url(text)


@dataclass(frozen=True)
class LoadSettings(FromEnv):
    """The target of the load and the Prometheus that counts it. ``stack exec`` sets both."""

    api_url: str = setting("API_URL", Loopback(), REQUIRED, "the shop's address")
    prometheus_url: str = setting("PROMETHEUS_URL", Loopback(), REQUIRED, "Prometheus' address")
