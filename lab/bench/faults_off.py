"""``make bench-faults``: the CPU cost of disabled faults per API request.

Three replicas on the running stack's servers differ only in ``FAULTS_FILE``: two run without it, one of them as the
control, and one with it. Each round requests the same number of products from each, in rotating order, and measures the
CPU time of the process, which other processes do not affect. The control's difference shows the noise.
"""

from __future__ import annotations

import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path

from pymongo import MongoClient
from rich.console import Console

from lab.bench import addresses
from stack.paths import ROOT

ROUNDS, REQUESTS, WARM_UP = 60, 300, 500
READY_SECONDS = 60.0
ASKED = "/api/v1/products/brass-desk-lamp"
"""A cached read, the cheapest request: additional cost has the greatest relative effect on it."""


class Replica:
    """One API process on a separate port."""

    def __init__(self, port: int, env: Mapping[str, str]) -> None:
        command = [sys.executable, "-m", "gunicorn", "-c", "app/gunicorn.conf.py", "app.wsgi:app"]
        self._master = subprocess.Popen(command, cwd=ROOT, env={**env, "PORT": str(port)}, stdout=subprocess.DEVNULL)
        self._connection = HTTPConnection("127.0.0.1", port, timeout=10)

    def wait(self) -> None:
        """Wait until it is ready and warmed up. Raises ``TimeoutError``."""
        deadline = time.monotonic() + READY_SECONDS
        while not self._is_ready():
            if time.monotonic() > deadline or self._master.poll() is not None:
                raise TimeoutError("a replica did not become ready; its errors are shown above")
            time.sleep(0.2)
        self.ask(WARM_UP)

    def _is_ready(self) -> bool:
        try:
            self._connection.request("GET", "/readyz")
            answer = self._connection.getresponse()
            answer.read()
        except OSError:
            self._connection.close()
            return False
        return answer.status == 200

    def ask(self, requests: int) -> float:
        """Return the CPU microseconds per request. Raises ``RuntimeError`` for a response other than 200."""
        before = self._cpu_nanoseconds()
        for _ in range(requests):
            self._connection.request("GET", ASKED)
            answer = self._connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{ASKED} returned {answer.status}")
        return (self._cpu_nanoseconds() - before) / requests / 1000

    def _cpu_nanoseconds(self) -> int:
        """Return the CPU time of the worker's threads, from the scheduler (finer than ``/proc/PID/stat``)."""
        master = self._master.pid
        (worker,) = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        return sum(int(task.read_text().split()[0]) for task in Path(f"/proc/{worker}/task").glob("*/schedstat"))

    def stop(self) -> None:
        """Stop the process."""
        self._connection.close()
        self._master.terminate()
        self._master.wait()


def main() -> int:
    """Measure and print."""
    database = f"bench-{secrets.token_hex(4)}"
    mongo_url, offset = addresses.read(addresses.MONGO_URL, addresses.OFFSET)
    with tempfile.TemporaryDirectory() as folder, MongoClient[dict[str, object]](mongo_url) as mongo:
        env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ADMIN_")},
            "OTEL_SERVICE_NAME": "api",
            "MONGO_DATABASE": database,
            "JWT_SECRET": secrets.token_hex(32),
            "OBSERVABILITY_METRICS_PORT": "0",
        }
        with_faults = {**env, "FAULTS_FILE": f"{folder}/flags.json", "FAULTS_AGENT": "1"}
        base = 5900 + offset
        replicas = [Replica(base + i, one) for i, one in enumerate((env, env, with_faults))]
        try:
            for replica in replicas:
                replica.wait()
            spent = measured(replicas)
        finally:
            for replica in replicas:
                replica.stop()
            mongo.drop_database(database)
    show(*spent)
    return 0


def measured(replicas: list[Replica]) -> list[list[float]]:
    """Return the CPU microseconds per request of each replica in each round."""
    spent: list[list[float]] = [[] for _ in replicas]
    for turn in range(ROUNDS):
        for place in range(len(replicas)):
            which = (turn + place) % len(replicas)
            spent[which].append(replicas[which].ask(REQUESTS))
    return spent


def show(without: list[float], control: list[float], with_faults: list[float]) -> None:
    """Print medians and the per-round ratio to the replica without faults."""
    say = Console(width=110).print
    say(f"CPU of one cached read, {ROUNDS} rounds of {REQUESTS} requests, in turn:")
    for name, spent in (
        ("without FAULTS_FILE", without),
        ("without it, again (control)", control),
        ("with it, all faults off", with_faults),
    ):
        ratios = [one / other for one, other in zip(spent, without, strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        spread = f"(quartiles {low:.3f} to {high:.3f})"
        say(f"  {name:<25} {statistics.median(spent):7.1f} µs   ratio {middle:.3f}   {spread}")


if __name__ == "__main__":
    sys.exit(main())
