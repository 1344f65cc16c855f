"""The console's own interface: the items in its inbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from console.servers.http import JsonServer

_NEWEST = 1_000


@dataclass(frozen=True, slots=True)
class Email:
    """An e-mail in the inbox; ``order_id`` is empty if it does not belong to an order."""

    id: int
    order_id: str
    subject: str
    received_at: str


class ConsoleInbox:
    """Reads the inbox."""

    def __init__(self, server: JsonServer) -> None:
        self._server = server

    def emails_of(self, order_id: str) -> list[Email]:
        """Return the e-mails about an order that the inbox still has, newest first."""
        emails = self._server.get("/api/inbox", {"kind": "email", "limit": _NEWEST}, emails_of)
        return [email for email in emails if email.order_id == order_id]


def emails_of(answer: Mapping[str, Any]) -> list[Email]:
    """Return the e-mails in the inbox's response."""
    return [
        Email(
            id=int(item["id"]),
            order_id=str(item.get("order_id") or ""),
            subject=str(item["subject"]),
            received_at=str(item["received_at"]),
        )
        for item in answer["items"]
    ]
