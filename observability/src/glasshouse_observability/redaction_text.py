"""Redaction of secrets in arbitrary texts and values: log messages, exceptions, fields and span attributes.

``Searches`` tests a text for words that occur in secret names before it uses the regular expressions, which take ten
times as long.
"""

from __future__ import annotations

import re
from math import isfinite
from typing import Any

import orjson

from glasshouse_observability.redaction import DEFAULT_POLICY, REDACTED, RedactionPolicy, redact_url
from glasshouse_observability.safe import LONGEST_TEXT, Repair

_HEADERS = r"(?:proxy-)?authorization|(?:set-)?cookie|x-[a-z-]{0,64}(?:key|token|secret|signature)"
_WORD = r"[A-Za-z0-9_.\-\[\]]"
# A name begins where no such character precedes it, or a long text without blanks would be searched from each of them.
_NAME = rf"(?<!{_WORD})({_WORD}{{1,128}})"
_HEADER = re.compile(
    rf"(?i)\b({_HEADERS})(\\?[\"']?\s*[:=,]\s*\\?[\"']?)"
    r"((?:(?:bearer|basic|digest|token|apikey|negotiate|aws4-hmac-sha256)\s+)?)([^\s\"'\\,][^\r\n\"'\\]*)"
)
"""A header and its value, as a message, a dictionary or a list of pairs shows it."""
_SCHEME = re.compile(r"\b([Bb]earer|[Bb]asic)\s+(?=[^\s\"',;]*[\d=._/+])[A-Za-z0-9._~+/=-]{6,}")
"""Credentials of an authentication scheme without the name of their header."""
_QUOTED = re.compile(rf"{_NAME}(\\?[\"']?\s*[:=]\s*)(\\?)([\"'])(?:(?!\3\4).)*?\3\4", re.DOTALL)
"""A name and a quoted value, as JSON and Python show them."""
_ASSIGNED = re.compile(rf"{_NAME}(\s*=(?!=)\s*)([^\s\"'&;,)\]}}>\\]+)")
_STATED = re.compile(rf"{_NAME}(\\?[\"']?:\s+)((?=[A-Za-z]*[^A-Za-z\s\"'\\,;.)\]}}])[^\s\"',;)\]}}\\]+)")
"""A name, a colon, and a value that is not only letters: ``password: must be long`` is a sentence."""
_JWT = re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*")
_PRIVATE_KEY = re.compile(r"-----BEGIN ([A-Z ]{0,32}PRIVATE KEY)-----.*?(?:-----END \1-----|\Z)", re.DOTALL)
_PIPELINE = re.compile(r"(Command # \d+ \(\S+)\s.*?(\) of pipeline caused error)", re.DOTALL)
"""redis-py's message about a command of a pipeline, which contains all arguments of the command."""


_FRAGMENT: Any = getattr(orjson, "Fragment", None)
"""Encoded JSON that is not encoded again; orjson has it from 3.9."""


def redact_text(text: str, policy: RedactionPolicy = DEFAULT_POLICY) -> str:
    """Return the text without the secrets of URLs, headers and named values in it.

    A name and its value are recognised in ``name=value``, ``name: value`` and as JSON or Python show them. A secret
    without a name or another mark (a URL, ``Bearer``, the form of a JSON Web Token or a private key) is not recognised.
    """
    if not policy.enabled:
        return text
    if "eyJ" in text:
        text = _JWT.sub(REDACTED, text)
    if "-----BEGIN" in text:
        text = _PRIVATE_KEY.sub(rf"-----BEGIN \1----- {REDACTED} -----END \1-----", text)
    if "earer " in text or "asic " in text:
        text = _SCHEME.sub(rf"\1 {REDACTED}", text)
    if "=" not in text and ":" not in text and "," not in text:
        return text
    if " of pipeline caused error" in text:
        text = _PIPELINE.sub(rf"\1 {REDACTED}\2", text)
    text = redact_url(text, policy)

    def unless_public(found: re.Match[str]) -> str:
        if not policy.is_secret(found[1]):
            return found[0]
        if found.re is _QUOTED:
            return f"{found[1]}{found[2]}{found[3]}{found[4]}{REDACTED}{found[3]}{found[4]}"
        return found[0] if found[3].startswith(REDACTED) else f"{found[1]}{found[2]}{REDACTED}"

    text = _HEADER.sub(rf"\1\2\3{REDACTED}", text)
    for pattern in (_QUOTED, _ASSIGNED, _STATED):
        text = pattern.sub(unless_public, text)
    return text


_MARKS = ("bearer ", "basic ", "eyj", "-----begin", " of pipeline caused error")


class Searches:
    """The redaction of one policy, for values of which most contain no secret."""

    def __init__(self, policy: RedactionPolicy) -> None:
        self._policy = policy
        self._needles = (*policy.needles(), *_MARKS) if policy.enabled else ()

    def redact(self, text: str) -> str:
        """Return the text without the secrets that ``redact_text`` recognises."""
        return redact_text(text, self._policy) if self._may_hold_secret(text) else text

    def plain(self, value: object) -> Any:
        """Return a value that is not a text as JSON's encoder accepts it, without secrets.

        Raises:
            ValueError: a part of the value has to be replaced.
        """
        if type(value) is float:
            if not isfinite(value):
                raise ValueError("JSON has no such number")
            return value
        try:
            encoded = orjson.dumps(value)
        except (TypeError, RecursionError):
            pass
        else:
            # The encoder writes ``null`` for NaN too.
            if b"null" not in encoded and not self._may_hold_secret(encoded.decode()):
                return _FRAGMENT(encoded) if _FRAGMENT is not None else value
        repair = Redaction(self._policy)
        converted = repair.value(value)
        if repair.replaced:
            raise ValueError("a part of the value cannot be encoded")
        return converted

    def _may_hold_secret(self, text: str) -> bool:
        lowered = text.lower()
        for needle in self._needles:
            if needle in lowered:
                return True
        return bool(self._needles) and (("@" in text and "://" in text) or ("%" in text and "=" in text))


class Redaction(Repair):
    """Converts one value as ``Repair`` does, without secrets."""

    def __init__(self, policy: RedactionPolicy, otlp: bool = False, longest: int = LONGEST_TEXT) -> None:
        super().__init__(otlp, longest)
        self._policy = policy

    def text(self, value: object) -> str:
        """Return the value as a text without secrets."""
        return redact_text(super().text(value), self._policy)

    def named(self, name: str, value: object) -> Any:
        """Return the value of a field or attribute; a secret one becomes ``REDACTED``, unless it is empty or a flag."""
        if self._policy.is_secret(name) and value is not None and type(value) is not bool:
            return REDACTED
        return self.value(value)
