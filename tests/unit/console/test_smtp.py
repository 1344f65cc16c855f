"""The SMTP server, over a socket."""

from __future__ import annotations

import logging
import smtplib
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage

import pytest
from prometheus_client import CollectorRegistry, Counter

from console.app import received_counter
from console.inbox.smtp import MAX_RECIPIENTS, InboxHandler, SmtpServer, listen
from console.inbox.store import Inbox

MAX_BYTES = 2000
Serve = Callable[[], tuple[SmtpServer, int]]


@pytest.fixture
def received() -> Counter:
    """Return the counter of received items."""
    return received_counter(CollectorRegistry())


@pytest.fixture
def server(inbox: Inbox, received: Counter) -> Iterator[int]:
    """Start a server and return its port."""
    listener = listen("127.0.0.1", 0)
    server = SmtpServer(InboxHandler(inbox, received), listener, MAX_BYTES)
    server.start()
    yield listener.getsockname()[1]
    server.stop()
    assert not server.alive


@contextmanager
def session(port: int) -> Iterator[smtplib.SMTP]:
    """Return a client's session with a fixed host name, because looking it up may take long."""
    with smtplib.SMTP("127.0.0.1", port, local_hostname="test", timeout=10) as client:
        yield client


def message(text: str = "thank you") -> EmailMessage:
    """Return an e-mail about an order."""
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = "Your order", "shop@example.com", "anna@example.com"
    mail["X-Order-ID"] = "ord_1"
    mail.set_content(text)
    return mail


def test_an_accepted_mail_is_in_the_inbox(server: int, inbox: Inbox, received: Counter) -> None:
    """An e-mail is stored and counted when its sender gets the 250."""
    with session(server) as client:
        client.send_message(message())
        item = inbox.newest(kind="email")[0]
    assert (item["subject"], item["order_id"]) == ("Your order", "ord_1")
    assert received.labels("email", "stored")._value.get() == 1


def test_a_mail_that_comes_again_is_acknowledged_and_kept_once(
    server: int, inbox: Inbox, received: Counter, caplog: pytest.LogCaptureFixture
) -> None:
    """A repeated e-mail is acknowledged, stored once, counted and logged.

    A sender that missed its 250 sends again; the Message-ID identifies the e-mail.
    """
    with caplog.at_level(logging.INFO), session(server) as client:
        for text in ("first", "again"):
            mail = message(text)
            mail["Message-ID"] = "<ord_1.confirmed@glasshouse.example>"
            assert client.send_message(mail) == {}
    (item,) = inbox.newest()
    assert item["text"] == "first\n"
    assert received.labels("email", "stored")._value.get() == 1
    assert received.labels("email", "duplicate")._value.get() == 1
    (line,) = [record for record in caplog.records if getattr(record, "event", "") == "inbox.duplicate"]
    assert (line.__dict__["inbox_id"], line.__dict__["order_id"]) == (item["id"], "ord_1")


def test_too_large_a_mail_is_refused(server: int, inbox: Inbox) -> None:
    """An e-mail above the size limit gets 552, whether or not its size is announced, and the server continues."""
    with session(server) as client, pytest.raises(smtplib.SMTPResponseException) as refusal:
        client.send_message(message("x" * 60 + "\r\n" * MAX_BYTES))
    assert refusal.value.smtp_code == 552
    with session(server) as client:
        client.helo()
        client.mail("a@b")
        client.rcpt("c@d")
        code, _ = client.data(b"y\r\n" * MAX_BYTES)
    assert code == 552
    with session(server) as client:
        client.send_message(message())
    assert len(inbox.newest()) == 1


def test_garbage_does_not_stop_the_server(server: int, inbox: Inbox) -> None:
    """Invalid SMTP, a broken message or a lost connection does not stop the server from accepting the next mail."""
    for content in (b"\xff\xfe\x00\r\n", b"A" * 5000, b"GET / HTTP/1.1\r\n\r\n", b"EHLO x\r\nMAIL FROM:<a@b>\r\n"):
        with socket.create_connection(("127.0.0.1", server), timeout=10) as client:
            client.sendall(content)
    with session(server) as client:
        client.ehlo()
        client.mail("")
        client.rcpt("x")
        assert client.data(b"Subject: =?x?Q?=ff?=\r\nContent-Type: text/plain; charset=\xff\r\n\r\n\xff\x00")[0] == 250
    with session(server) as client:
        client.send_message(message())
    assert inbox.newest()[0]["subject"] == "Your order"


def test_a_mail_that_cannot_be_stored_is_to_be_sent_again(server: int, inbox: Inbox, received: Counter) -> None:
    """An e-mail that cannot be stored gets 451, so that its sender tries again."""
    inbox.close()
    with session(server) as client, pytest.raises(smtplib.SMTPDataError) as refusal:
        client.send_message(message())
    assert refusal.value.smtp_code == 451
    assert received.labels("email", "error")._value.get() == 1


def test_recipients_are_bounded(server: int) -> None:
    """The number of recipients of a message is limited, and the sender must send the rest again."""
    with session(server) as client:
        client.helo()
        client.mail("a@b")
        codes = [client.rcpt(f"r{number}@example.com")[0] for number in range(MAX_RECIPIENTS + 1)]
    assert set(codes[:-1]) == {250}
    assert codes[-1] == 452


def test_a_taken_port_is_an_error_at_once(server: int) -> None:
    """A second server on the same port fails before anything else is started."""
    with pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", server)


def test_a_server_that_is_stopped_ends_its_sessions(inbox: Inbox, received: Counter) -> None:
    """Stopping the server ends the session of an idle client."""
    listener = listen("127.0.0.1", 0)
    server = SmtpServer(InboxHandler(inbox, received), listener, MAX_BYTES)
    server.start()
    with socket.create_connection(listener.getsockname(), timeout=10) as client:
        assert client.recv(100).startswith(b"220")
        server.stop()
        assert not server.alive
