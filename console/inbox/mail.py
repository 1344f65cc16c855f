"""Conversion of an e-mail's bytes to an inbox item.

Whatever arrives must become an item: the standard library's parser raises many kinds of errors on broken mail
(an unknown charset, a malformed header), so every step has a simpler fallback instead of failing.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Callable, Sequence
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage, MIMEPart
from functools import lru_cache
from typing import Any, TypeVar

from console.inbox.store import Item
from console.plaintext import html_text, one_line, printable

MAX_TEXT = 100_000
MAX_HEADERS = 100
MAX_HEADER = 2_000
MAX_ATTACHMENTS = 50

_LONGEST_KNOWN = 200
_registry = HeaderRegistry()
_parsed = lru_cache(maxsize=64)(_registry)


def _parse(name: str, value: str) -> Any:
    """The parsed header, read-only.

    The email package parses Content-Type a dozen times for each message, and nearly all messages have the same one.
    """
    return _parsed(name, value) if len(name) + len(value) <= _LONGEST_KNOWN else _registry(name, value)


_POLICY = email.policy.default.clone(header_factory=_parse)
_TOKEN = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_Kind = TypeVar("_Kind")


def email_item(content: bytes, sender: str, recipients: Sequence[str]) -> Item:
    """Return the decoded message: subject, addresses, text, headers, attachments' names; never raises on content.

    ``order_id`` and ``request_id`` are the values of ``X-Order-ID`` and ``X-Request-ID``, or None. ``headers`` is a
    list of [name, value], since names repeat and their order shows the route of the message.
    """
    message: EmailMessage = email.message_from_bytes(content, policy=_POLICY)
    headers = _headers(message)
    text = printable(_body(message))
    return {
        "subject": _first(headers, "subject") or "(no subject)",
        "from": _first(headers, "from") or one_line(sender, MAX_HEADER),
        "to": _first(headers, "to") or one_line(", ".join(recipients), MAX_HEADER),
        "date": _first(headers, "date"),
        "envelope": {
            "from": one_line(sender, MAX_HEADER),
            "to": [one_line(recipient, MAX_HEADER) for recipient in recipients],
        },
        "order_id": _token(_first(headers, "x-order-id")),
        "request_id": _token(_first(headers, "x-request-id")),
        "text": text[:MAX_TEXT],
        "truncated": len(text) > MAX_TEXT,
        "attachments": _attachments(message),
        "headers": headers,
        "size": len(content),
    }


def message_id(item: Item) -> str | None:
    """Return the Message-ID of an ``email_item``, by which mail stores recognise a message; None if there is none."""
    return _first(item["headers"], "message-id")


def _headers(message: EmailMessage) -> list[list[str]]:
    found = []
    for name, raw in list(message.raw_items())[:MAX_HEADERS]:

        def decoded(name: str = name, raw: Any = raw) -> str:
            if raw.isascii() and "=?" not in raw:
                # Nothing is encoded, so the parser would only unfold the header, which takes most of the time for a
                # message.
                return "".join(raw.splitlines())
            return str(message.policy.header_fetch_parse(name, raw))

        found.append([one_line(name, MAX_HEADER), one_line(_attempt(decoded, str(raw)), MAX_HEADER)])
    return found


def _first(headers: list[list[str]], name: str) -> str | None:
    return next((value for header, value in headers if header.lower() == name and value), None)


def _token(value: str | None) -> str | None:
    """Return the id if its format is valid, because it becomes part of queries and links."""
    return value if value and _TOKEN.fullmatch(value) else None


def _body(message: EmailMessage) -> str:
    part = _attempt(lambda: message.get_body(("plain", "html")), None)
    if part is None:
        return "" if message.is_multipart() else _content(message)
    content = _content(part)
    is_html = _attempt(part.get_content_type, "text/plain") == "text/html"
    return _attempt(lambda: html_text(content), content) if is_html else content


def _content(part: MIMEPart) -> str:
    def decoded() -> str:
        content = part.get_content()
        return content if isinstance(content, str) else ""

    def undeclared() -> str:
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""

    return _attempt(decoded, None) or _attempt(undeclared, "")


def _attachments(message: EmailMessage) -> list[dict[str, str]]:
    nothing: list[Any] = []
    parts = _attempt(lambda: list(message.iter_attachments()), nothing)
    return [
        {
            "name": one_line(_attempt(part.get_filename, None) or "(unnamed)", MAX_HEADER),
            "type": one_line(_attempt(part.get_content_type, "application/octet-stream"), MAX_HEADER),
        }
        for part in parts[:MAX_ATTACHMENTS]
    ]


def _attempt(step: Callable[[], _Kind], otherwise: _Kind) -> _Kind:
    """Return the step's result, or ``otherwise`` if it raises anything; the module's docstring states why."""
    try:
        return step()
    except Exception:  # noqa: BLE001  (see the module: whatever broken mail raises)
        return otherwise
