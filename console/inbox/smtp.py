"""The console's SMTP server: every e-mail that a component of the installation sends arrives in the inbox.

It runs on an event loop in a separate thread of the web server's process, because both write the same inbox.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from prometheus_client import Counter

from console.inbox.mail import email_item, message_id
from console.inbox.store import Duplicate, Inbox, InboxUnavailable

MAX_RECIPIENTS = 100
IDLE_SECONDS = 60
STOP_SECONDS = 5

log = logging.getLogger(__name__)


class InboxHandler:
    """aiosmtpd's hooks: accept mail from every sender for every recipient, because nothing is relayed."""

    def __init__(self, inbox: Inbox, received: Counter) -> None:
        self._inbox, self._received = inbox, received

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Accept the recipient, up to a limit that is far above the needs of the shop's e-mails."""
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 too many recipients"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Reply 250 only when the message is on disk; 451 makes the sender retry.

        A message that is already stored is acknowledged too, because its sender missed the first reply.
        """
        try:
            identity = await asyncio.to_thread(self._store, envelope)
        except Duplicate as duplicate:
            return f"250 already stored as inbox item {duplicate.identity}"
        except InboxUnavailable as error:
            self._received.labels("email", "error").inc()
            log.error("an e-mail could not be stored: %s", error)
            return "451 the inbox cannot store the message now"
        return f"250 stored as inbox item {identity}"

    async def handle_exception(self, error: Exception) -> str:
        """Send a reply even after an internal error."""
        log.error("an SMTP session failed", exc_info=error)
        return "451 internal error of the console"

    def _store(self, envelope: Envelope) -> int:
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        item = email_item(content, envelope.mail_from or "", envelope.rcpt_tos)
        order = {"order_id": item["order_id"]} if item["order_id"] else {}
        try:
            identity = int(self._inbox.add("email", item, message_id(item))["id"])
        except Duplicate as duplicate:
            self._received.labels("email", "duplicate").inc()
            fields = {"event": "inbox.duplicate", "inbox_id": duplicate.identity, **order}
            log.info("e-mail received again, not stored twice", extra=fields)
            raise
        self._received.labels("email", "stored").inc()
        log.info("e-mail received", extra={"event": "inbox.email", "inbox_id": identity, **order})
        return identity


class SmtpServer:
    """Serves on a listening socket from ``start`` to ``stop``."""

    def __init__(self, handler: InboxHandler, listener: socket.socket, max_bytes: int) -> None:
        self._handler, self._listener, self._max_bytes = handler, listener, max_bytes
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="smtp", daemon=True)
        # aiosmtpd logs every command of every session at INFO.
        logging.getLogger("mail.log").setLevel(logging.WARNING)

    def start(self) -> None:
        """Start to accept connections."""
        listening = self._loop.create_server(self._protocol, sock=self._listener)
        self._server = self._loop.run_until_complete(listening)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the server's thread is running."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Stop listening and end open sessions; returns within ``STOP_SECONDS``."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(STOP_SECONDS)

    def _protocol(self) -> SMTP:
        options: dict[str, Any] = {"data_size_limit": self._max_bytes, "timeout": IDLE_SECONDS, "loop": self._loop}
        # The names are given because aiosmtpd would otherwise query DNS for them, which may take seconds.
        return SMTP(self._handler, hostname="console", ident="Glasshouse", enable_SMTPUTF8=True, **options)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.run_until_complete(self._end())
            self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        sessions = asyncio.all_tasks() - {asyncio.current_task()}
        for task in sessions:
            task.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)
        await asyncio.sleep(0)  # the transports close their sockets in the loop's next iteration


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket (port 0: any free one).

    It is separate from ``SmtpServer`` so that the socket is bound before the web server forks: a port in use is
    reported at once, and a new worker uses the same socket, so that no connection is refused in between.

    Raises:
        OSError: the address cannot be bound.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.create_server(address[:2], family=family, backlog=100)
    # Accepted connections inherit it. aiosmtpd answers EHLO in several small writes, and without this each session
    # would wait 40 ms for a delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
