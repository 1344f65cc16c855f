"""A customer as a Locust user. One step of a visit is one task, and the pause before the next step is its wait.

A user that must stop finishes its task first, so that no request is interrupted that the API has already counted.
"""

from __future__ import annotations

import random
import secrets
import time
from typing import Any

from locust import FastHttpUser, task

from lab.load.generator.plan import Plan
from lab.load.generator.visit import Account, Answer, Ask, Ends, Visit, visit
from lab.load.tally import API, FRONT_DOOR, NO_ANSWER, Outcome, Tally

CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 30.0
"""NGINX times out after 20 s. The client waits longer, so that few requests end without a response."""


class Shared:
    """State that all customers of the process share."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.rng = random.Random(plan.seed)  # noqa: S311  (it decides what to look at)
        self.fresh, self.all = Tally(), Tally()
        self.ends = Ends()
        self.accounts = 0
        self.password = secrets.token_urlsafe(18)

    def account(self) -> Account:
        """Return a new account."""
        self.accounts += 1
        return Account(f"load-{self.plan.run}-{self.accounts}@load.example", self.password)

    def note(self, outcome: Outcome, seconds: float) -> None:
        """Count a request."""
        self.fresh.add(outcome, seconds)

    def taken(self) -> Tally:
        """Return the counts since the last call."""
        fresh, self.fresh = self.fresh, Tally()
        self.all.merge(fresh)
        return fresh


class Customer(FastHttpUser):
    """``lab.load.generator.__main__`` sets ``shared`` before the first customer is created."""

    shared: Shared
    connection_timeout, network_timeout = CONNECT_SECONDS, ANSWER_SECONDS

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        shared = self.shared
        self.how, self.rng = shared.plan.customers, shared.rng
        self.headers = {"User-Agent": f"glasshouse-load/{shared.plan.run}"}
        self.mine: Account | None = None
        self.visit: Visit | None = None
        self.ask: Ask | None = None
        # Start at random times, not in step.
        self.pause = self.rng.uniform(0, self.how.think_seconds[1])

    def wait_time(self) -> float:
        """Return the seconds until the next step."""
        return self.pause

    @task
    def step(self) -> None:
        """Send the next request and determine the step after it."""
        if self.visit is None or self.ask is None:
            self._begin()
            return
        answer = self._send(self.ask)
        try:
            self.ask = self.visit.send(answer)
            self.pause = self.ask.pause
        except StopIteration:
            self.visit = self.ask = None
            self.pause = self.rng.uniform(*self.how.rest_seconds)

    def _begin(self) -> None:
        comes_back = self.mine is not None and self.rng.random() < self.how.return_share
        if not comes_back:
            self.mine = self.shared.account() if self.rng.random() < self.how.log_in_share else None
        self.visit = visit(self.how, self.mine, self.shared.ends, self.rng)
        self.ask = next(self.visit)
        self.pause = self.ask.pause

    def _send(self, ask: Ask) -> Answer:
        began = time.perf_counter()
        got = self.client.request(
            ask.method,
            ask.path,
            name=ask.route,
            json=ask.body,
            headers={**self.headers, **ask.headers},
            allow_redirects=False,
        )
        seconds = time.perf_counter() - began
        status = got.status_code or 0
        outcome = Outcome(ask.method, ask.route, status, who_answered(status, got.headers), status in ask.expected)
        self.shared.note(outcome, seconds)
        if not status:
            return Answer(0)
        try:
            return Answer(status, got.json())
        except ValueError:
            return Answer(status)


def who_answered(status: int, headers: Any) -> str:
    """The application sets this header on all its responses (app/headers.py); NGINX's own responses lack it."""
    if not status:
        return NO_ANSWER
    return API if "X-Content-Type-Options" in headers else FRONT_DOOR
