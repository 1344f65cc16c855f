"""The printable form of a value for an error, a log line or a page."""

from __future__ import annotations

import os
import re

MASK = "***"
"""Replaces a secret, whatever its length."""
LONGEST_SHOWN = 80  # characters
LONGEST_PATH = 256  # characters
HOST = r"(?:[A-Za-z0-9][A-Za-z0-9._-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\])"
_SHOWABLE_HOSTS = re.compile(rf"{HOST}(?::[0-9]{{1,5}})?(?:,{HOST}(?::[0-9]{{1,5}})?)*")
_SHOWABLE_PATH = re.compile(r"[A-Za-z0-9._~/-]*")
_USER_AND_PASSWORD = re.compile(r":.*@", re.DOTALL)
_LOCAL_ADDRESS = re.compile(r"(?:localhost|[0-9]{1,3}(?:\.[0-9]{1,3}){3})(?::[0-9]{1,5})?/?")


def quoted(text: str, longest: int = LONGEST_SHOWN) -> str:
    """Return the value in quotes, with unprintable characters escaped, shortened to ``longest`` characters.

    A colon before an ``@`` is the form of user and password, such as in a URL that was given in place of a host: such a
    value is shown as by ``quoted_url``.
    """
    return quoted_url(text) if _USER_AND_PASSWORD.search(text) else _cut(text, longest)


def _cut(text: str, longest: int = LONGEST_SHOWN) -> str:
    return repr(text if len(text) <= longest else f"{text[:longest]}…")


def quoted_url(text: str) -> str:
    """Return the URL in quotes without parts that may be secret.

    It contains the scheme, hosts, ports, the path and the names of parameters, each only if its form is valid.
    Everything before the last ``@`` counts as user and password, and the value of every parameter as a secret, because
    an unencoded ``/``, ``?`` or ``#`` in a password would otherwise move it to another part of the URL.
    """
    scheme, separator, rest = text.partition("://")
    if not separator:
        return repr(text) if _LOCAL_ADDRESS.fullmatch(text) else MASK
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]{0,20}", scheme):
        return MASK
    before, at, after = rest.rpartition("@")
    if "?" in before or "#" in before:
        # Either a password contains such a character, or a parameter contains an ``@``: the rest may then be the
        # secret.
        return _cut(f"{scheme}://{MASK}")
    split = re.fullmatch(r"([^/?#]*)([^?#]*)(?:\?([^#]*))?(#.*)?", after, re.DOTALL)
    assert split is not None
    authority, path, query, fragment = split.groups()
    shown = f"{scheme}://{MASK + at if before or at else ''}"
    shown += authority if not authority or _SHOWABLE_HOSTS.fullmatch(authority) else MASK
    shown += path if _SHOWABLE_PATH.fullmatch(path) else f"/{MASK}"
    if query is not None:
        shown += "?" + "&".join(_parameter(part) for part in query.split("&"))
    return _cut(shown + (f"#{MASK}" if fragment else ""))


def quoted_secret_path(text: str) -> str:
    """Return the path in quotes if its folder exists, else masked, because it may be the secret itself."""
    folder = os.path.dirname(text)
    is_path = os.path.isabs(text) and folder != "/" and text.isprintable() and os.path.isdir(folder)
    return _cut(text, LONGEST_PATH) if is_path else MASK


def _parameter(part: str) -> str:
    name, equals, _ = part.partition("=")
    return f"{name}={MASK}" if equals and re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,40}", name) else MASK
