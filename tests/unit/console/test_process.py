"""``python -m console`` as a process: it starts, receives, survives a kill of its worker, and ends cleanly."""

from __future__ import annotations

import os
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
import requests

from tests.ports import free_ports
from tests.waiting import wait_until

ROOT = Path(__file__).parents[3]


@pytest.fixture
def process(tmp_path: Path) -> Iterator[SimpleNamespace]:
    """The running console: ``popen``, ``url``, ``smtp`` (port), ``metrics`` (port)."""
    port, smtp, metrics = free_ports(3)
    own = {"PORT": port, "SMTP_PORT": smtp, "OBSERVABILITY_METRICS_PORT": metrics, "CONSOLE_STATE_DIR": tmp_path}
    environ = {**os.environ, **{name: str(value) for name, value in own.items()}, "OTEL_EXPORTER_OTLP_ENDPOINT": ""}
    with (tmp_path / "log").open("w") as log:
        popen = subprocess.Popen([sys.executable, "-m", "console"], cwd=ROOT, env=environ, stdout=log, stderr=log)
    console = SimpleNamespace(popen=popen, url=f"http://127.0.0.1:{port}", smtp=smtp, metrics=metrics)
    try:
        wait_until("the console to be ready", lambda: ask(console.url, "/readyz"))
        yield console
    finally:
        popen.terminate()
        popen.wait(20)


def ask(url: str, path: str) -> Any:
    """Return the JSON content of a response with status 200."""
    with requests.get(url + path, timeout=5) as answer:
        answer.raise_for_status()
        return answer.json()


def send(port: int, subject: str) -> None:
    """Send an e-mail."""
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject, "shop@example.com", "anna@example.com"
    mail.set_content("Thank you.")
    with smtplib.SMTP("127.0.0.1", port, local_hostname="test", timeout=10) as client:
        client.send_message(mail)


def test_what_was_received_survives_the_worker(process: SimpleNamespace) -> None:
    """An accepted e-mail survives SIGKILL of the worker, the same ports are served again, and the end is clean."""
    send(process.smtp, "first")
    assert [item["subject"] for item in ask(process.url, "/api/inbox")["items"]] == ["first"]
    (worker,) = psutil.Process(process.popen.pid).children()
    worker.send_signal(signal.SIGKILL)
    worker.wait(10)
    send(process.smtp, "second")
    subjects = wait_until(
        "the new worker to list both e-mails",
        lambda: [item["subject"] for item in ask(process.url, "/api/inbox")["items"]],
    )
    assert subjects == ["second", "first"]
    with requests.get(f"http://127.0.0.1:{process.metrics}/metrics", timeout=5) as metrics:
        assert 'console_inbox_received_total{kind="email",outcome="stored"} 1.0' in metrics.text
    process.popen.terminate()
    assert process.popen.wait(20) == 0
