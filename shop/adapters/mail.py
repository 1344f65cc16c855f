"""Confirmation mails, sent by SMTP."""

from __future__ import annotations

import email.policy
import select
import smtplib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import urlsplit

from opentelemetry.trace import SpanKind, Tracer

from shop.domain.errors import MailUnavailable
from shop.domain.order import Order

SENDER = "orders@glasshouse.example"
DEFAULT_PORT = 25

_POLICY = email.policy.default.clone(header_factory=HeaderRegistry(use_default_map=False))
"""Headers as plain text, still without line breaks.

Parsing addresses and dates and formatting them again would double the time to create a message; the bytes are the same.
"""


Connect = Callable[[str, int, float], AbstractContextManager[smtplib.SMTP]]
"""Return a connection to a host and port with a time limit in seconds, for one message."""


class KeptConnection:
    """One connection for many messages: connecting, greeting and quitting take as many round trips as a message.

    A connection has one user at a time; a concurrent sender gets a separate one. A connection on which a message
    failed is closed. Exceptions of smtplib are raised unchanged.
    """

    def __init__(self, connect: Callable[..., smtplib.SMTP] = smtplib.SMTP) -> None:
        self._connect = connect
        self._kept: smtplib.SMTP | None = None

    @contextmanager
    def __call__(self, host: str, port: int, patience: float) -> Iterator[smtplib.SMTP]:
        """Lend the open connection, or a new one."""
        server, self._kept = self._kept, None
        if server is not None and _was_ended(server):
            server.close()
            server = None
        server = server or self._connect(host, port, timeout=patience)
        try:
            yield server
        except BaseException:
            server.close()
            raise
        self.close()
        self._kept = server

    def close(self) -> None:
        """Close the open connection; the next message opens another."""
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.close()


def _was_ended(server: smtplib.SMTP) -> bool:
    # A server sends data between messages only to announce that it closes: the connection was idle too long, or the
    # server stops.
    if server.sock is None:
        return True
    waiting = select.poll()
    waiting.register(server.sock, select.POLLIN)
    return bool(waiting.poll(0))


class SmtpMailer:
    """Implements ``ports.Mailer``."""

    def __init__(self, smtp_url: str, patience: float, tracer: Tracer, connect: Connect) -> None:
        parts = urlsplit(smtp_url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or DEFAULT_PORT
        self._patience, self._tracer, self._connect = patience, tracer, connect

    def confirm(self, order: Order, address: str | None) -> None:
        """Send the confirmation.

        The Message-ID is derived from the order, so that a mail that is sent twice is recognised as one.
        """
        attributes: dict[str, str | int] = {
            "server.address": self._host,
            "server.port": self._port,
            # SMTP carries no trace context, so the service graph takes the name of the server from this attribute.
            "peer.service": "mail",
        }
        with self._tracer.start_as_current_span("smtp send", kind=SpanKind.CLIENT, attributes=attributes):
            try:
                with self._connect(self._host, self._port, self._patience) as server:
                    server.send_message(_message(order, address))
            except (OSError, smtplib.SMTPException) as error:
                raise MailUnavailable(
                    f"The mail server does not accept the message ({type(error).__name__})."
                ) from error


def _message(order: Order, address: str | None) -> EmailMessage:
    message = EmailMessage(_POLICY)
    message["From"] = SENDER
    # Guests order without an account: their mail is sent to a mailbox named after the order.
    message["To"] = address or f"{order.id}@customers.glasshouse.example"
    message["Subject"] = f"Your order {order.id} is confirmed"
    message["Message-ID"] = f"<{order.id}.confirmed@glasshouse.example>"
    message["Date"] = format_datetime(order.updated_at)
    message["X-Order-ID"] = order.id
    if order.origin.request_id:
        message["X-Request-ID"] = order.origin.request_id
    lines = [f"{line.quantity:>4} x {line.name}  {_euros(line.unit_price_cents)}" for line in order.lines]
    message.set_content(
        "Thank you for your order.\n\n" + "\n".join(lines) + f"\n\nTotal: {_euros(order.total_cents)}\n"
    )
    return message


def _euros(cents: int) -> str:
    return f"EUR {cents / 100:,.2f}"
