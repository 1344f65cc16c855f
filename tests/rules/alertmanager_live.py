"""The real Alertmanager on free ports with the repository's configuration, and a webhook and mailbox that receive."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from stack import programs
from stack.alertmanager_config import rendered
from tests.ports import free_port
from tests.rules.files import ALERTS
from tests.waiting import wait_until

Labels = Mapping[str, str]
# The configuration's waits, shortened, because the tests check the notifications, not their timing. They are replaced
# as text, so that a changed wait fails here until it is also changed here.
SHORT = {
    "group_wait: 5s": "group_wait: 500ms",
    "group_interval: 30s": "group_interval: 1s",
    "group_wait: 1m": "group_wait: 500ms",
    "group_interval: 2m": "group_interval: 1s",
}


@dataclass
class Call:
    """One request that Alertmanager made."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class Receivers:
    """An HTTP server in place of the console, Slack, PagerDuty and Opsgenie, and an SMTP server; stores everything."""

    url: str = ""
    smtp: str = ""
    calls: list[Call] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)

    def notifications(self, receiver: str, status: str | None = None) -> list[dict[str, Any]]:
        """Return the notifications sent to the console for a receiver."""
        bodies = [call.body for call in self.calls if call.path == "/console"]
        return [one for one in bodies if one["receiver"] == receiver and status in (None, one["status"])]

    def notified(self, receiver: str, status: str) -> list[list[str]]:
        """Return the alerts' names in each notification."""
        return [
            [alert["labels"]["alertname"] for alert in one["alerts"]] for one in self.notifications(receiver, status)
        ]

    def asked(self, path: str) -> list[Call]:
        """Return the requests to paths with this prefix."""
        return [call for call in self.calls if call.path.startswith(path)]


@contextmanager
def receivers() -> Iterator[Receivers]:
    """Run the servers that store received data, until the end of the block."""
    kept = Receivers()

    class Web(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            kept.calls.append(Call(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            # Respond like the real services: Slack with the text ok, PagerDuty with 202.
            self.send_response(202 if "pagerduty" in self.path else 200)
            self.end_headers()
            self.wfile.write(b"ok" if self.path == "/slack" else b"{}")

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 100  # all groups are notified at the same time

    class Mail:
        async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
            content = envelope.content
            assert isinstance(content, bytes)
            message = message_from_bytes(content, policy=policy.default)
            assert isinstance(message, EmailMessage)
            kept.mails.append(message)
            return "250 kept"

    port = free_port()
    mail = Controller(Mail(), hostname="127.0.0.1", port=port)
    mail.start()
    try:
        with Server(("127.0.0.1", 0), Web) as server:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
            kept.url = f"http://127.0.0.1:{server.server_address[1]}"
            kept.smtp = f"127.0.0.1:{port}"
            yield kept
            server.shutdown()
    finally:
        mail.stop()


@dataclass
class Alertmanager:
    """A running Alertmanager."""

    url: str
    folder: Path
    began: dict[tuple[tuple[str, str], ...], str] = field(default_factory=dict)

    def fire(self, *alerts: Labels, annotations: Labels | None = None) -> None:
        """Send firing alerts as Prometheus does; they fire until `resolve`."""
        given = dict(annotations or {})
        self._send([{**self._named(one), "annotations": given, "endsAt": _at(3600)} for one in alerts])

    def resolve(self, *alerts: Labels) -> None:
        """Resolve the alerts."""
        self._send([{**self._named(one), "endsAt": _at(0)} for one in alerts])
        for one in alerts:
            self.began.pop(tuple(sorted(one.items())), None)

    def muted(self) -> set[tuple[str, str]]:
        """Return the name and scope of each alert that is inhibited now."""
        alerts = requests.get(f"{self.url}/api/v2/alerts", timeout=5).json()
        known = [(one["labels"]["alertname"], one["labels"].get("scope", ""), one["status"]) for one in alerts]
        return {(name, scope) for name, scope, status in known if status["inhibitedBy"]}

    def muted_by_time(self) -> dict[str, list[str]]:
        """Return the active mute times by the group's receiver."""
        groups = requests.get(f"{self.url}/api/v2/alerts/groups", timeout=5).json()
        return {one["receiver"]["name"]: one["alerts"][0]["status"]["mutedBy"] for one in groups}

    def withheld(self, reason: str) -> float:
        """Return how often a due group had muted or inhibited alerts; increases with every flush."""
        text = requests.get(f"{self.url}/metrics", timeout=5).text
        lines = [line for line in text.splitlines() if line.startswith("alertmanager_notifications_suppressed_total{")]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if f'"{reason}"' in line)

    def until_withheld(self, reason: str = "inhibition", times: int = 2) -> None:
        """Wait until groups with suppressed alerts were due `times` more: due notifications are sent by then."""
        before = self.withheld(reason)
        wait_until(f"something withheld by {reason}", lambda: self.withheld(reason) >= before + times)

    def _named(self, labels: Labels) -> dict[str, Any]:
        key = tuple(sorted(labels.items()))
        return {"labels": dict(labels), "startsAt": self.began.setdefault(key, _at(0))}

    def _send(self, alerts: list[dict[str, Any]]) -> None:
        requests.post(f"{self.url}/api/v2/alerts", json=alerts, timeout=5).raise_for_status()


def _at(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


@contextmanager
def alertmanager(
    folder: Path,
    to: Receivers,
    secrets: Mapping[str, str] | None = None,
    change: Callable[[str], str] = lambda text: text,
) -> Iterator[Alertmanager]:
    """Run Alertmanager with the repository's configuration and short waits; `secrets` are by file name."""
    (folder / "secrets").mkdir(parents=True)
    for name, value in (secrets or {}).items():
        (folder / "secrets" / name).write_text(value)
    text = rendered((ALERTS / "alertmanager.yml").read_text(), to.smtp, folder)
    for long, short in SHORT.items():
        assert long in text
        text = text.replace(long, short)
    (folder / "alertmanager.yml").write_text(change(text))
    (folder / "webhook_url").write_text(f"{to.url}/console\n")
    (folder / "templates").symlink_to(ALERTS / "templates")
    (folder / "addresses.tmpl").write_text('{{ define "console.url" }}http://console.example:8080{{ end }}')
    port = free_port()
    command = [
        *(str(programs.find("alertmanager")), "--config.file=alertmanager.yml", f"--storage.path={folder / 'data'}"),
        *(f"--web.listen-address=127.0.0.1:{port}", "--web.external-url=http://alertmanager.example:9093/"),
        *("--web.route-prefix=/", "--cluster.listen-address="),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        started = Alertmanager(f"http://127.0.0.1:{port}", folder)

        def ready() -> bool:
            assert process.poll() is None, f"Alertmanager has ended; see {folder / 'log'}"
            return requests.get(f"{started.url}/-/ready", timeout=1).ok

        wait_until("Alertmanager to be ready", ready)
        yield started
    finally:
        process.terminate()
        process.wait(timeout=10)
