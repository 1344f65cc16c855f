"""The confirmation mail, as a mail server receives it."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from opentelemetry import trace

from shop.adapters.mail import SENDER, KeptConnection, SmtpMailer
from shop.domain.errors import MailUnavailable
from shop.domain.order import Order, Origin, new_order
from shop.domain.product import Product
from tests.ports import free_port
from tests.unit.shop.fakes import MUG, START


class Server:
    """A server that accepts messages like ``smtplib.SMTP``."""

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
    """A confirmation names the products and the customer, and the strictest parser accepts every header."""
    order, message = confirmed(replace(MUG, name="Blåer Krug ✓"), "ann@example.com")
    assert not message.defects
    assert not any(value.defects for value in message.values())
    assert message["To"].addresses[0].addr_spec == "ann@example.com"
    assert message["From"].addresses[0].addr_spec == SENDER
    assert message["Date"].datetime == order.updated_at
    # The address is so long that it is on a separate line.
    assert message["Message-ID"].strip() == f"<{order.id}.confirmed@glasshouse.example>"
    assert (message["X-Order-ID"], message["X-Request-ID"]) == (order.id, "request-0001")
    assert "   2 x Blåer Krug ✓  EUR 12.50" in message.get_content()
    assert "Total: EUR 25.00" in message.get_content()


def test_a_guests_mail_goes_to_a_mailbox_named_for_the_order() -> None:
    """A guest's mail is sent to a mailbox named after the order, because a guest has no address."""
    order, message = confirmed(MUG, None)
    assert message["To"].addresses[0].addr_spec == f"{order.id}@customers.glasshouse.example"


def test_an_address_cannot_add_headers() -> None:
    """An address with a line break is refused before anything is sent."""
    with pytest.raises(ValueError, match="linefeed"):
        confirmed(MUG, "ann@example.com\r\nBcc: everybody@example.com")


class Inbox:
    """An aiosmtpd mail server that counts its connections and refuses ``refused@…``."""

    def __init__(self) -> None:
        self.connections, self.taken = 0, 0

    async def handle_EHLO(  # noqa: N802 (aiosmtpd's name)
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, _: Any) -> str:  # noqa: N802
        if address.startswith("refused@"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, *_: Any) -> str:  # noqa: N802
        self.taken += 1
        return "250 OK"


def an_order() -> Order:
    return new_order({MUG.id: 1}, {MUG.id: MUG}, START)


def serving(inbox: Inbox, port: int) -> Controller:
    controller = Controller(inbox, hostname="127.0.0.1", port=port, ready_timeout=10)
    controller.start()
    return controller


def test_one_connection_takes_many_messages_until_the_server_ends_it() -> None:
    """One connection carries many messages, and a new one replaces it after the server closes it.

    No message is lost, and a connection on which a message failed is not used again.
    """
    inbox, port = Inbox(), free_port()
    kept = KeptConnection()
    mailer = SmtpMailer(f"smtp://127.0.0.1:{port}", 5.0, trace.get_tracer("test"), kept)
    server = serving(inbox, port)
    try:
        for _ in range(3):
            mailer.confirm(an_order(), "ann@example.com")
        assert (inbox.taken, inbox.connections) == (3, 1)
    finally:
        server.stop()
    with pytest.raises(MailUnavailable):
        mailer.confirm(an_order(), "ann@example.com")
    server = serving(inbox, port)
    try:
        mailer.confirm(an_order(), "ann@example.com")
        mailer.confirm(an_order(), "ann@example.com")
        assert (inbox.taken, inbox.connections) == (5, 2)
        with pytest.raises(MailUnavailable):
            mailer.confirm(an_order(), "refused@example.com")
        mailer.confirm(an_order(), "ann@example.com")
        assert (inbox.taken, inbox.connections) == (6, 3)
    finally:
        kept.close()
        server.stop()


def test_a_connection_is_lent_to_one_at_a_time() -> None:
    """A connection is used by one thread at a time, and a second thread gets another."""
    inbox, port = Inbox(), free_port()
    server = serving(inbox, port)
    try:
        kept = KeptConnection()
        with kept("127.0.0.1", port, 5.0) as one, kept("127.0.0.1", port, 5.0) as other:
            assert one is not other
    finally:
        kept.close()
        server.stop()
