"""Reading single settings from the environment.

Each function raises ``WrongSetting``, which names the setting, its value and what it may be.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from observability import WrongSetting

_LONGEST_NUMBER = 12  # digits; beyond that int() itself may refuse


def text(environ: Mapping[str, str], name: str, default: str) -> str:
    """Return the setting without surrounding blanks; ``default`` when it is unset or empty."""
    value = environ.get(name, "").strip() or default
    if any(ord(char) < 32 for char in value):
        raise WrongSetting(name, value, "text without control characters")
    return value


def number(environ: Mapping[str, str], name: str, default: int, lowest: int, highest: int) -> int:
    """Return the setting as a whole number between the bounds; ``default`` when it is unset or empty."""
    raw = environ.get(name, "").strip() or str(default)
    usable = raw.isascii() and raw.isdigit() and len(raw) <= _LONGEST_NUMBER
    if not usable or not lowest <= int(raw) <= highest:
        raise WrongSetting(name, raw, f"a whole number from {lowest} to {highest}")
    return int(raw)


def http_url(environ: Mapping[str, str], name: str, default: str) -> str:
    """Return an http(s) base URL without its trailing slash; ``default`` when unset, empty when set to nothing."""
    value = environ.get(name, default).strip()
    if not value:
        return ""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, a broken IPv6 literal
        usable = False
    if not usable or parts.query or parts.fragment:
        raise WrongSetting(name, value, "an address such as http://127.0.0.1:9090, or empty")
    return value.rstrip("/")
