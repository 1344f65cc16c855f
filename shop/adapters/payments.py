"""The client of the payment service, over HTTP."""

from __future__ import annotations

import logging

import requests
from tenacity import (
    Retrying,
    before_sleep_log,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_random_exponential,
)

from shop.adapters.circuit import Circuit, CircuitOpen
from shop.domain.errors import PaymentDeclined, PaymentUnavailable
from shop.domain.order import Order

_log = logging.getLogger(__name__)
ATTEMPTS = 3
LAST_RETRY_SECONDS = 8.0
"""Seconds after which no attempt starts.

With a time limit of 10 s for the last attempt, all of them end before the order's lease (30 s) expires.
"""
CONNECT_SECONDS = 0.5


class HttpPayments:
    """Implements ``ports.Payments``.

    The order's id is the idempotency key: a repeated request never charges again.
    """

    def __init__(self, session: requests.Session, base_url: str, patience: float, circuit: Circuit) -> None:
        self._session, self._url, self._circuit = session, f"{base_url}/v1/charges", circuit
        self._timeouts = (CONNECT_SECONDS, patience)
        self._tries = Retrying(
            retry=retry_if_exception_type(PaymentUnavailable),
            stop=stop_after_attempt(ATTEMPTS) | stop_after_delay(LAST_RETRY_SECONDS),
            wait=wait_random_exponential(multiplier=0.1, max=1.0),
            before_sleep=before_sleep_log(_log, logging.WARNING),
            reraise=True,
        )

    def charge(self, order: Order) -> str:
        """Charge the order's total; see ``ports.Payments``."""
        try:
            return self._tries(self._charge_once, order)
        except CircuitOpen as error:
            raise PaymentUnavailable(f"The payment circuit is {error}.", error.retry_after) from error

    def _charge_once(self, order: Order) -> str:
        return self._circuit.call(lambda: self._ask(order), (PaymentUnavailable,))

    def _ask(self, order: Order) -> str:
        body = {"order_id": order.id, "amount_cents": order.total_cents, "currency": order.currency}
        try:
            response = self._session.post(
                self._url, json=body, headers={"Idempotency-Key": order.id}, timeout=self._timeouts
            )
        except requests.RequestException as error:
            raise PaymentUnavailable(f"The payment service does not respond ({type(error).__name__}).") from error
        if response.status_code == requests.codes.payment_required:
            raise PaymentDeclined("The payment was declined.")
        if response.status_code not in (requests.codes.ok, requests.codes.created):
            raise PaymentUnavailable(f"The payment service answered {response.status_code}.")
        try:
            return str(response.json()["id"])
        except (ValueError, KeyError, TypeError) as error:
            raise PaymentUnavailable("The payment service's response cannot be parsed.") from error
