"""Kinds of settings that are URLs.

They may contain a password, so parts that may hold one are never printed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from glasshouse_observability.settings.errors import Refused
from glasshouse_observability.settings.kinds import Kind, is_ipv6
from glasshouse_observability.settings.shown import HOST, quoted_url

ABSENT = "none"
"""Means that a server is not part of the installation."""
_FORM = re.compile(r"([a-z][a-z0-9+]*)://(?:([^@/?#]*)@)?([^@/?#]*)(/[^?#]*)?(?:\?([^#]*))?", re.ASCII)
_HOST_AND_PORT = re.compile(rf"({HOST})(?::([0-9]{{1,5}}))?")
_SOCKET = re.compile(r"(?:[A-Za-z0-9._-]|%[0-9A-Fa-f]{2})+\.sock")


class Parts(NamedTuple):
    """A parsed URL; absent parts are ``None``."""

    scheme: str
    user: str | None
    authority: str
    path: str | None
    query: str | None


class Url(Kind[str]):
    """A URL with one of these schemes.

    An ``http`` or ``https`` URL is the base of others: it may have a path but no query, and is returned without its
    trailing slash. A ``mongodb`` URL may contain several hosts, a ``unix`` URL contains a path. User and password must
    be percent-encoded. ``check`` may raise ``ValueError`` for rules of the client library; its message is discarded.
    """

    sensitive = True

    def __init__(
        self,
        *schemes: str,
        user: bool = True,
        or_absent: bool = False,
        check: Callable[[str], object] | None = None,
    ) -> None:
        self._schemes, self._user, self._or_absent, self._check = schemes, user, or_absent, check
        self._is_base = set(schemes) <= {"http", "https"}
        self.allowed = f"a URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}"
        self.allowed += ", without a query" if self._is_base else ""
        self.allowed += "" if user else ", without user and password"
        self.allowed += f", or {ABSENT}" if or_absent else ""

    def parse(self, text: str) -> str:
        """Return the URL, or "" for a server that is absent."""
        if self._or_absent and text.lower() == ABSENT:
            return ""
        form = _FORM.fullmatch(text)
        if form is None or not text.isascii() or re.search(r"\s|%(?![0-9A-Fa-f]{2})", text):
            raise Refused
        parts = Parts(*form.groups())
        if parts.scheme not in self._schemes or (parts.query and not _is_query(parts.query)):
            raise Refused
        if parts.user is not None and (not self._user or parts.user.count(":") > 1):
            raise Refused
        if self._is_base and parts.query is not None:
            raise Refused
        if not _is_authority(parts):
            raise Refused("its hosts or ports are not valid: a port is a number from 1 to 65535")
        if self._check is not None:
            try:
                self._check(text)
            except Refused:
                raise
            except ValueError:
                raise Refused from None
        return text.rstrip("/") if self._is_base else text

    def shown(self, text: str) -> str:
        """Return the URL without user, password and the values of parameters."""
        return quoted_url(text)


class ExactUrl(Url):
    """A URL that is returned as given, with a trailing ``/``."""

    def parse(self, text: str) -> str:
        """Return the URL."""
        super().parse(text)
        return text


def _is_authority(parts: Parts) -> bool:
    if parts.scheme == "unix":
        return not parts.authority and parts.path not in (None, "/")
    if parts.scheme == "mongodb":
        return all(_is_host(one) or _SOCKET.fullmatch(one) for one in parts.authority.split(","))
    return _is_host(parts.authority, port_allowed=parts.scheme != "mongodb+srv")


def _is_host(text: str, *, port_allowed: bool = True) -> bool:
    found = _HOST_AND_PORT.fullmatch(text)
    if found is None:
        return False
    host, port = found.groups()
    if host.startswith("[") and not is_ipv6(host[1:-1]):
        return False
    return port is None or (port_allowed and 1 <= int(port) <= 65535)


def _is_query(query: str) -> bool:
    return all(re.fullmatch(r"[^=]+=[^=]*(?:=[^=]*)?", part) for part in query.split("&"))
