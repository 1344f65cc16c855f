"""The confirmation, as a mail server gets it."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest
from opentelemetry import trace

from shop.adapters.mail import SENDER, SmtpMailer
from shop.domain.order import Order, Origin, new_order
from shop.domain.product import Product
from tests.unit.shop.fakes import MUG, START


class Server:
    """Takes messages as ``smtplib.SMTP`` does."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    def __call__(self, *_: Any, **__: Any) -> Server:
        return self

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def send_message(self, message: EmailMessage) -> None:
        self.taken.append(message.as_bytes(policy=message.policy.clone(linesep="\r\n")))


def confirmed(product: Product, address: str | None) -> tuple[Order, EmailMessage]:
    server = Server()
    order = replace(new_order({product.id: 2}, {product.id: product}, START), origin=Origin("request-0001"))
    mailer = SmtpMailer("smtp://127.0.0.1:1", 1.0, trace.get_tracer("test"), server)  # type: ignore[arg-type]
    mailer.confirm(order, address)
    (taken,) = server.taken
    message: EmailMessage = email.message_from_bytes(taken, policy=email.policy.default)
    return order, message


def test_a_confirmation_says_what_was_bought_and_whose_it_is() -> None:
    """Read by the strictest parser there is: every header is well formed."""
    order, message = confirmed(replace(MUG, name="Blåer Krug ✓"), "ann@example.com")
    assert not message.defects
    assert not any(value.defects for value in message.values())
    assert message["To"].addresses[0].addr_spec == "ann@example.com"
    assert message["From"].addresses[0].addr_spec == SENDER
    assert message["Date"].datetime == order.updated_at
    # It is so long that it stands on a line of its own.
    assert message["Message-ID"].strip() == f"<{order.id}.confirmed@glasshouse.example>"
    assert (message["X-Order-ID"], message["X-Request-ID"]) == (order.id, "request-0001")
    assert "   2 x Blåer Krug ✓  EUR 12.50" in message.get_content()
    assert "Total: EUR 25.00" in message.get_content()


def test_a_guests_mail_goes_to_a_mailbox_named_for_the_order() -> None:
    """There is no address to send it to."""
    order, message = confirmed(MUG, None)
    assert message["To"].addresses[0].addr_spec == f"{order.id}@customers.glasshouse.example"


def test_an_address_cannot_add_headers() -> None:
    """A line break in it is refused before anything is sent."""
    with pytest.raises(ValueError, match="linefeed"):
        confirmed(MUG, "ann@example.com\r\nBcc: everybody@example.com")
