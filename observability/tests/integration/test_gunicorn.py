"""``/metrics`` of a real gunicorn: through reloads, restarts and signals, with each kind of worker."""

from __future__ import annotations

import importlib.util
import os
import signal
import threading
from pathlib import Path

import pytest

from glasshouse_observability.settings import MISCONFIGURED
from library_support.gunicorn_server import Gunicorn
from library_support.waiting import wait_until

WORKERS = ["sync", "gthread", *(["gevent"] if importlib.util.find_spec("gevent") else [])]


@pytest.mark.parametrize("kind", WORKERS)
def test_a_reload_during_a_long_request_delays_nothing(tmp_path: Path, kind: str) -> None:
    """After HUP the new worker answers at once, and serves ``/metrics`` once the old worker has ended."""
    with Gunicorn(tmp_path, "-k", kind, "--threads", "1") as gunicorn:
        old = gunicorn.first()
        wait_until("metrics of the old worker", gunicorn.count)
        long = threading.Thread(target=gunicorn.ask, args=("/long", 60))
        long.start()
        wait_until("the long request to begin", (tmp_path / "began").exists)
        gunicorn.signal(signal.SIGHUP)
        # The socket is shared, so an old worker of another kind than sync may accept further requests until it stops.
        wait_until("the new worker to answer", lambda: gunicorn.ask() != old)
        assert "cannot serve metrics on port" in gunicorn.text()
        assert long.is_alive()
        (tmp_path / "finish").touch()
        long.join()
        wait_until("the old worker to end", lambda: not Path(f"/proc/{old}").exists())
        before = wait_until("metrics of the new worker", gunicorn.count)
        gunicorn.ask()
        assert gunicorn.count() == before + 1
        assert "metrics are served on port" in gunicorn.text()


@pytest.mark.parametrize("kind", WORKERS)
def test_workers_share_their_counts_through_restarts(tmp_path: Path, kind: str) -> None:
    """With a shared folder, the counts of all workers are exact through ``max_requests``, HUP, TTIN and TTOU."""
    options = ("-k", kind, "-w", "3", "--max-requests", "7", "--threads", "1")
    with Gunicorn(tmp_path, *options, PROMETHEUS_MULTIPROC_DIR=str(tmp_path / "counts")) as gunicorn:
        sent = 0

        def send(number: int) -> None:
            nonlocal sent
            for _ in range(number):
                wait_until("an answer", gunicorn.ask)
                sent += 1

        send(20)
        for number in (signal.SIGTTIN, signal.SIGTTOU, signal.SIGHUP):
            gunicorn.signal(number)
            send(20)
        assert wait_until("all requests to be counted", lambda: gunicorn.count() == sent)
        assert "Traceback" not in gunicorn.text()


def test_a_killed_worker_costs_nothing(tmp_path: Path) -> None:
    """The counts of a worker that was killed remain, and its successor continues them."""
    env = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "counts")}
    with Gunicorn(tmp_path, "-w", "2", **env) as gunicorn:
        pids = [gunicorn.first() for _ in range(10)]
        os.kill(pids[-1], signal.SIGKILL)
        wait_until("the worker to end", lambda: not Path(f"/proc/{pids[-1]}").exists())
        again = [wait_until("an answer", gunicorn.ask) for _ in range(10)]
        assert pids[-1] not in again
        assert gunicorn.count() == 20


def test_a_new_master_serves_metrics_after_the_old_one(tmp_path: Path) -> None:
    """After USR2 the new master waits for the port without a delay of its workers, and serves it after the old one."""
    env = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "counts")}
    with Gunicorn(tmp_path, "-w", "2", **env) as gunicorn:
        gunicorn.first()
        wait_until("metrics of the old master", gunicorn.count)
        gunicorn.signal(signal.SIGUSR2)
        wait_until("the new master", lambda: len(gunicorn.masters()) == 2)
        wait_until("the new master to log", lambda: "cannot serve metrics on port" in gunicorn.text())
        gunicorn.signal(signal.SIGQUIT)
        gunicorn.process.wait(30)
        gunicorn.first()
        before = wait_until("metrics of the new master", gunicorn.count)
        gunicorn.ask()
        assert gunicorn.count() == before + 1


def test_more_workers_without_a_folder_are_reported(tmp_path: Path) -> None:
    """A second worker by TTIN without a shared folder is not silent: one error names the setting."""
    with Gunicorn(tmp_path) as gunicorn:
        gunicorn.first()
        gunicorn.signal(signal.SIGTTIN)
        wait_until("the error", lambda: "2 workers, but PROMETHEUS_MULTIPROC_DIR is not set" in gunicorn.text())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            ("-w", "2"),
            "PROMETHEUS_MULTIPROC_DIR is not set: it must be a folder where 2 workers may share their counts",
        ),
        (("--preload",), "preload_app is True: it must be False"),
    ],
)
def test_what_cannot_work_is_refused(tmp_path: Path, options: tuple[str, ...], sentence: str) -> None:
    """Several workers without a folder, and ``--preload``, end gunicorn with status 78 and one line."""
    with Gunicorn(tmp_path, *options) as gunicorn:
        assert gunicorn.process.wait(30) == MISCONFIGURED
        assert sentence in gunicorn.text()
        assert "Traceback" not in gunicorn.text()


def test_without_the_hooks_the_second_worker_says_what_is_missing(tmp_path: Path) -> None:
    """With two workers and no hooks, a line states how the workers can share their counts; requests are answered."""
    with Gunicorn(tmp_path, "-w", "2", configuration="") as gunicorn:
        assert len(wait_until("both workers", lambda: {gunicorn.ask() for _ in range(20)})) <= 2
        wait_until("the line", lambda: "glasshouse_observability.gunicorn" in gunicorn.text())
