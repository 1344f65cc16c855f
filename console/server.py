"""The console's process: gunicorn with one worker, whose process also runs the SMTP server.

It uses gunicorn because the API does too (the same server, a limit on threads, a timeout for slow clients), and one
worker because the SMTP server and the web pages share one inbox. If the worker dies, gunicorn starts another.
"""

from __future__ import annotations

import socket
import time
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from console.app import create_app, received_counter
from console.config.settings import Settings
from console.inbox.smtp import InboxHandler, SmtpServer
from console.inbox.store import Inbox
from console.servers.http import HttpTransport, JsonServer
from console.servers.jaeger import Jaeger
from console.times import now
from console.web.links import remembered
from glasshouse_observability import Telemetry, TelemetrySettings, instrument_flask
from glasshouse_observability.gunicorn import defaults as gunicorn_defaults
from glasshouse_observability.logs.config import logging_config

INBOX_FILE = "inbox.sqlite3"
STOP_SECONDS = 5
_ASK_AGAIN_SECONDS = 60.0


class WorkerProcess:
    """The parts of gunicorn's worker process: telemetry, inbox, SMTP server, web application."""

    def __init__(self, settings: Settings, smtp_listener: socket.socket) -> None:
        """Open and start all parts; raises ``InboxUnavailable`` if the inbox cannot be stored."""
        self.telemetry = Telemetry.start("console")
        self.inbox = Inbox(settings.state_dir / INBOX_FILE, settings.inbox_items, now)
        received = received_counter(self.telemetry.registry)
        self.smtp = SmtpServer(InboxHandler(self.inbox, received), smtp_listener, settings.max_email)
        jaeger = Jaeger(JsonServer("Jaeger", settings.addresses.jaeger, HttpTransport(), seconds=1.0))
        has_jaeger_page = remembered(jaeger.has_page, _ASK_AGAIN_SECONDS, time.monotonic)
        self.app: Flask = create_app(settings, self.inbox, received, lambda: self.smtp.alive, has_jaeger_page)
        instrument_flask(self.app, self.telemetry, excluded_urls="healthz,readyz")
        self.smtp.start()

    def close(self) -> None:
        """Stop receiving mail, close the inbox and export the last spans, each within its own time limit."""
        self.smtp.stop()
        self.inbox.close()
        self.telemetry.stop()


class ConsoleServer(BaseApplication):  # type: ignore[misc]
    """gunicorn without its command line: all options come from ``Settings``."""

    def __init__(self, settings: Settings, telemetry: TelemetrySettings, smtp_listener: socket.socket) -> None:
        self._settings, self._telemetry, self._smtp_listener = settings, telemetry, smtp_listener
        self._worker: WorkerProcess | None = None
        super().__init__()

    def load_config(self) -> None:
        """Set what differs from gunicorn's defaults."""
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        options: dict[str, Any] = {
            "bind": f"{host}:{self._settings.port}",
            "proc_name": "console",
            "workers": 1,
            "worker_class": "gthread",
            "threads": self._settings.threads,
            "timeout": 30,
            "worker_tmp_dir": gunicorn_defaults.worker_tmp_dir,
            "graceful_timeout": STOP_SECONDS,
            "logconfig_dict": logging_config(self._telemetry),
            "control_socket_disable": gunicorn_defaults.control_socket_disable,
            "worker_exit": self._close_worker,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Start the worker's parts; gunicorn calls this in the worker, after the fork."""
        self._worker = WorkerProcess(self._settings, self._smtp_listener)
        return self._worker.app

    def _close_worker(self, _arbiter: Any, _worker: Any) -> None:
        if self._worker is not None:
            self._worker.close()
            self._worker = None
