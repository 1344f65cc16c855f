"""Redaction of secrets in URLs and named values, on by default for logs and spans.

``redaction_text`` redacts other texts with the same policy. The functions return a text without a secret unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import quote, unquote

REDACTED = "REDACTED"
"""OpenTelemetry's own word for a redacted value (semantic conventions, ``url.full`` and ``url.query``)."""

OTEL_QUERY_KEYS = frozenset({"AWSAccessKeyId", "Signature", "sig", "X-Goog-Signature"})
"""The keys that OpenTelemetry's semantic conventions list for ``url.full`` and ``url.query``."""

_NAMES = """
token password passwd pwd passphrase passcode secret jwt signature credential credentials authorization cookie
apikey api_key access_key access_key_id secret_key private_key signing_key encryption_key auth_key
session_id session_key session_token phpsessid jsessionid csrf xsrf csrftoken xsrftoken
samlresponse assertion otp totp pin_code cardnumber cvv cvc
"""
SECRET_NAMES = frozenset(_NAMES.split())
"""Names of values that are secret wherever they occur, alone or as the last words of a name (``reset_token``)."""

SECRET_QUERY_KEYS = SECRET_NAMES | frozenset(["key", "code", "session", "sid", "auth", "sig", "hmac", "pass"])
"""Names of values that are secret in the query of a URL; elsewhere, ``code`` or ``key`` are ordinary words."""

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATORS = re.compile(r"[^a-z0-9]+")
_NESTED = 3
"""How many levels of URLs within the query of a URL are redacted."""


@lru_cache(maxsize=16)
def _matcher(names: frozenset[str]) -> Callable[[str], bool]:
    """Return a function that compares names with ``names``; it caches results, because few names occur often."""
    # Without separators, because ``api_key``, ``api-key``, ``apiKey`` and ``apikey`` are one name.
    split = [_words(name) for name in names]
    wanted = frozenset("".join(words) for words in split)
    longest = max(map(len, split), default=0)

    @lru_cache(maxsize=4096)
    def matches(name: str) -> bool:
        words = _words(name[-256:])
        return any("".join(words[-count:]) in wanted for count in range(1, min(longest, len(words)) + 1))

    return matches


def _words(name: str) -> list[str]:
    return [word for word in _SEPARATORS.split(_CAMEL.sub("_", name).lower()) if word]


@dataclass(frozen=True)
class RedactionPolicy:
    """What is replaced by ``REDACTED`` in log lines and spans.

    ``names`` are secret field, attribute and header names, and ``query_keys`` secret keys in the query of a URL. Both
    ignore case and separators, and match the last words of a name: ``token`` covers ``reset-token`` and
    ``accessToken``. ``enabled=False`` switches redaction off.
    """

    names: frozenset[str] = SECRET_NAMES
    query_keys: frozenset[str] = SECRET_QUERY_KEYS
    enabled: bool = True

    def adding(self, *names: str) -> RedactionPolicy:
        """Return this policy with more names, which are secret in fields, attributes, headers and queries."""
        return replace(self, names=self.names | set(names), query_keys=self.query_keys | set(names))

    def is_secret(self, name: str) -> bool:
        """Return whether the value of a field, attribute or header of this name is secret."""
        return self.enabled and _matcher(self.names)(name)

    def is_secret_key(self, key: str) -> bool:
        """Return whether the value of this key in the query of a URL is secret."""
        return self.enabled and _matcher(self.query_keys)(key)

    def needles(self) -> tuple[str, ...]:
        """Return words such that every spelling of every name contains one of them, in lower case."""
        found: list[str] = []
        for words in sorted(map(_words, self.names | self.query_keys), key=lambda words: len("".join(words))):
            if words and not any(needle in word for needle in found for word in words):
                found.append(max(words, key=len))
        return tuple(found) if self.enabled else ()


DEFAULT_POLICY = RedactionPolicy()
NO_REDACTION = RedactionPolicy(enabled=False)


def redact_query(query: str, policy: RedactionPolicy = DEFAULT_POLICY, nested: int = 0) -> str:
    """Return the query of a URL, with or without its ``?``, with the values of secret keys replaced."""
    if "=" not in query or not policy.enabled:
        return query
    return _QUERY_PAIR.sub(lambda found: _pair(found, policy, nested), query)


def redact_url(url: str, policy: RedactionPolicy = DEFAULT_POLICY, nested: int = 0) -> str:
    """Return the URL, or a text with URLs, without user, password, and secret values in path, query and fragment."""
    if not policy.enabled:
        return url
    if "@" in url:
        url = _USER_INFO.sub(_user_info, url)
    return _URL_PAIR.sub(lambda found: _pair(found, policy, nested), url) if "=" in url else url


def _pair(found: re.Match[str], policy: RedactionPolicy, nested: int) -> str:
    before, key, value = found.groups()
    if not value:
        return found[0]
    if before == ";" and "?" in value:
        # A parameter of the path (``;jsessionid=…``) ends at the query.
        value, _, query = value.partition("?")
        return redact_query(f"{before}{key}={value}", policy, nested) + redact_query(f"?{query}", policy, nested)
    if policy.is_secret_key(unquote(key)):
        return f"{before}{key}={REDACTED}"
    # A value may be a URL itself (``next=https%3A%2F%2F…%3Ftoken%3D…``).
    if nested < _NESTED and "%" in value:
        inner = unquote(value)
        cleaned = redact_url(inner, policy, nested + 1)
        if cleaned != inner:
            return f"{before}{key}={quote(cleaned, safe='')}"
    return found[0]


def _user_info(found: re.Match[str]) -> str:
    return f"://{REDACTED}:{REDACTED}@" if ":" in found[0][3:] else f"://{REDACTED}@"


_REST = r"([^=&;#?\s\"'<>]{1,256})=([^&;#\s\"'<>]*)"
_URL_PAIR = re.compile(rf"([?&;#]){_REST}")
_QUERY_PAIR = re.compile(rf"(^|[?&;]){_REST}")
_USER_INFO = re.compile(r"://(?:[^/\s:@\"'<>?#]{0,256}:(?!\d{1,5}[/?#])[^\s\"'<>]{0,512}|[^/\s:@\"'<>?#]{1,512})@")
"""User and password of a URL. A password may contain ``/`` or ``@``, but digits before ``/`` are a port."""
