"""Collect the evidence from all servers and wait for late data. An unavailable server becomes a note."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from console.follow.clients import Clients
from console.follow.wait import Waiter
from console.servers.errors import ServerError
from console.servers.inbox import Email
from console.servers.jaeger import Span
from console.servers.joining import Joining
from console.servers.loki import LogLine, by_fields
from console.servers.prometheus import Exemplar
from console.servers.shop import Order
from console.story.evidence import Evidence, expected_services, happened_at, missing_services, missing_spans
from console.story.exemplars import SELECTOR

ORDER_SECONDS = 30.0
SIGNAL_SECONDS = 30.0
EMAIL_SECONDS = 10.0
LOOK_BACK = timedelta(days=1)
_FRESH = timedelta(minutes=1)
_MARGIN = timedelta(minutes=1)
_NEAR = timedelta(minutes=2)
_SCRAPED_AT = 'timestamp(up{job="api"})'

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Gatherer:
    """Completes the evidence about one order, request or trace, whose ids are already known."""

    clients: Clients
    waiter: Waiter
    now: Callable[[], datetime]
    evidence: Evidence
    joining: Joining = field(default_factory=Joining)

    def gather(self) -> Evidence:
        """Query each server in turn, even if others fail. All waits after the order's share one time budget."""
        found = self.evidence
        if found.order_id:
            self.waiter.begin(ORDER_SECONDS)
            found.order = self._ask(self._order) or found.order
        # Without the Collector nothing arrives, so waiting is pointless.
        no_collector = self.joining.component("collector")
        self.waiter.begin(SIGNAL_SECONDS if self._is_fresh() and not no_collector else 0)
        if found.trace_id:
            found.spans = self._ask(self._spans)
        if found.request_id or found.trace_id:
            found.lines = self._ask(self._lines)
        if found.order_id:
            found.emails = self._ask(self._emails)
        if found.trace_id:
            found.exemplars = self._ask(self._exemplars)
        found.alerts = self._ask(self.clients.alertmanager.active)
        found.has_jaeger_page = self.clients.jaeger.has_page()
        if no_collector:
            found.note(f"The Collector {no_collector}. Log lines will be delivered later, spans will not.")
        return found

    def _ask(self, question: Callable[[], Answer]) -> Answer | None:
        try:
            return question()
        except ServerError as error:
            self.evidence.note(f"{error}.")
            return None

    def _is_fresh(self) -> bool:
        """Return whether data can still arrive. Older requests are complete, so there is no wait for them."""
        at = happened_at(self.evidence)
        return at is None or self.now() - at < _FRESH

    def _order(self) -> Order | None:
        def what(order: Order | None) -> str:
            return f"waiting for the worker: the order is {order.status if order else 'not available yet'}"

        return self.waiter.until(
            what, lambda: self.clients.shop.order(self.evidence.order_id), lambda order: bool(order and order.is_final)
        )

    def _spans(self) -> Sequence[Span]:
        expected = expected_services(self.evidence.order)

        def what(spans: Sequence[Span]) -> str:
            return f"waiting for {missing_spans(spans, expected)} in Jaeger"

        return self.waiter.until(
            what,
            lambda: self.clients.jaeger.trace(self.evidence.trace_id),
            lambda spans: not missing_spans(spans, expected),
        )

    def _lines(self) -> Sequence[LogLine]:
        """Wait until every expected service has written lines and two consecutive responses have the same length."""
        found = self.evidence
        expected = expected_services(found.order)
        query = by_fields({"request_id": found.request_id, "trace_id": found.trace_id})
        began = happened_at(found)
        start = began - _MARGIN if began else self.now() - LOOK_BACK
        counts = [-1]

        def ask() -> Sequence[LogLine]:
            counts.append(len(lines := self.clients.loki.lines(query, start, self.now() + _MARGIN)))
            return lines

        def what(lines: Sequence[LogLine]) -> str:
            missing = missing_services((line.service for line in lines), expected)
            return f"waiting for {missing or 'the last'} log lines in the log store"

        def is_enough(lines: Sequence[LogLine]) -> bool:
            has_all = not missing_services((line.service for line in lines), expected)
            return bool(lines) and has_all and counts[-1] == counts[-2]

        return self.waiter.until(what, ask, is_enough)

    def _emails(self) -> Sequence[Email]:
        order = self.evidence.order
        is_due = order is not None and order.status == "confirmed"
        return self.waiter.until(
            lambda _: "waiting for the confirmation e-mail in the console's inbox",
            lambda: self.clients.inbox.emails_of(self.evidence.order_id),
            lambda emails: bool(emails) or not is_due,
            EMAIL_SECONDS,
        )

    def _exemplars(self) -> Sequence[Exemplar]:
        """Wait for the exemplar, or until every replica was scraped after the request, because then none can follow."""
        at = happened_at(self.evidence) or self.now()

        def ask() -> tuple[Sequence[Exemplar], bool]:
            scrapes = [sample.value for sample in self.clients.prometheus.query(_SCRAPED_AT)]
            is_scraped = bool(scrapes) and min(scrapes) > at.timestamp()
            return self.clients.prometheus.exemplars(SELECTOR, at - _MARGIN, at + _NEAR), is_scraped

        def is_enough(answer: tuple[Sequence[Exemplar], bool]) -> bool:
            exemplars, is_scraped = answer
            return is_scraped or any(one.trace_id == self.evidence.trace_id for one in exemplars)

        return self.waiter.until(lambda _: "waiting for Prometheus to scrape the API", ask, is_enough)[0]
