"""Find what an ID identifies: a request, a trace or an order. Formats can be equal, so servers are queried."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from urllib.parse import quote

from console.follow.clients import Clients
from console.follow.gather import LOOK_BACK, Gatherer
from console.follow.wait import Waiter
from console.inbox.store import Inbox
from console.servers.errors import ServerError
from console.servers.inbox import ConsoleInbox, Email, emails_of
from console.servers.jaeger import Span
from console.servers.loki import LogLine, by_fields
from console.story.evidence import Evidence, field_in, order_id_in

ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_TRACE = re.compile(r"[0-9a-f]{32}")
_MAILS = 200


class Once(Waiter):
    """Queries each server once, without waiting: an open page reloads anyway, and a wait would block a thread."""

    def __init__(self) -> None:
        super().__init__(lambda _: None, sleep=lambda _: None)

    def begin(self, seconds: float) -> None:
        """Do not wait."""
        super().begin(0)


class LocalInbox(ConsoleInbox):
    """The inbox of this process, read directly instead of over HTTP."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    def emails_of(self, order_id: str) -> list[Email]:
        """Return the e-mails about an order that are among the newest."""
        emails = emails_of({"items": self._inbox.newest(kind="email", limit=_MAILS)})
        return [email for email in emails if email.order_id == order_id]


def gather(evidence: Evidence, identity: str, clients: Clients, now: Callable[[], datetime]) -> bool:
    """Fill the evidence about an ID; return False if no server has data for it."""
    if not _find(evidence, identity, clients, now):
        return False
    Gatherer(clients, Once(), now, evidence).gather()
    if not evidence.order_id and evidence.spans and (order_id := order_id_in(evidence.spans)):
        evidence.order_id = order_id
        try:
            evidence.order = clients.shop.order(quote(order_id, safe=""))
            evidence.emails = clients.inbox.emails_of(order_id)
        except ServerError as error:
            evidence.note(f"{error}.")
    return True


def _find(evidence: Evidence, identity: str, clients: Clients, now: Callable[[], datetime]) -> bool:
    lines = _lines(evidence, identity, clients, now)
    if lines:
        evidence.request_id = identity if _has(lines, "request_id", identity) else field_in(lines, "request_id")
        evidence.trace_id = identity if _has(lines, "trace_id", identity) else field_in(lines, "trace_id")
        evidence.order_id = identity if _has(lines, "order_id", identity) else field_in(lines, "order_id")
        return True
    if _TRACE.fullmatch(identity) and (spans := _spans(evidence, identity, clients)):
        evidence.trace_id, evidence.order_id = identity, order_id_in(spans)
        return True
    try:
        order = clients.shop.order(quote(identity, safe=""))
    except ServerError as error:
        evidence.note(f"{error}.")
        return False
    if order is None:
        return False
    evidence.order, evidence.order_id = order, order.id
    evidence.request_id, evidence.trace_id = order.request_id, order.trace_id
    return True


def _lines(evidence: Evidence, identity: str, clients: Clients, now: Callable[[], datetime]) -> Sequence[LogLine]:
    fields = {"request_id": identity, "trace_id": identity, "order_id": identity}
    try:
        return clients.loki.lines(by_fields(fields), now() - LOOK_BACK, now())
    except ServerError as error:
        evidence.note(f"{error}.")
        return ()


def _spans(evidence: Evidence, trace_id: str, clients: Clients) -> Sequence[Span]:
    try:
        return clients.jaeger.trace(trace_id)
    except ServerError as error:
        evidence.note(f"{error}.")
        return ()


def _has(lines: Sequence[LogLine], field: str, value: str) -> bool:
    return any(line.fields.get(field) == value for line in lines)
