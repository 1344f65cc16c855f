"""``python -m stack exec lab.bench.verify_counts``: send requests to the running instance and compare all counts.

Requests sent = requests in Prometheus = request lines in Loki, and every error has a trace in Jaeger. The fault
``api-errors`` on one route causes the errors, so their number is known. No other client may send requests (``make up
TRAFFIC=0``).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import requests

from lab.bench import addresses
from lab.clients.errors import NoAnswer
from lab.clients.http import direct_session
from lab.clients.jaeger import Jaeger
from lab.clients.loki import Loki
from lab.clients.prometheus import Prometheus

GOOD = ("/api/v1/products/<product_id>", "/api/v1/products/brass-desk-lamp")
BAD = ("/api/v1/products/search", "/api/v1/products/search?q=lamp")
CLIENTS = 16
PATIENCE_SECONDS = 240.0
"""The time limit for the data to arrive in all servers."""
SCRAPE_PATIENCE_SECONDS = 60.0
QUERY_SECONDS = 120.0
MOST_REQUESTS = 1_000_000

Kind = tuple[str, int]
"""A route template and a status."""


class Unequal(AssertionError):
    """The servers' counts differ; the message has each count."""


@dataclass(frozen=True)
class Servers:
    """The target of the requests, and the servers that count them."""

    api: str
    prometheus: Prometheus
    loki: Loki
    jaeger: Jaeger

    @classmethod
    def from_env(cls) -> Servers:
        """Return the addresses that ``stack exec`` sets."""
        api, prometheus, loki, jaeger = addresses.read(
            addresses.API_URL, addresses.PROMETHEUS_URL, addresses.LOKI_URL, addresses.JAEGER_URL
        )
        return cls(
            api,
            Prometheus(prometheus, QUERY_SECONDS),
            Loki(loki, QUERY_SECONDS),
            Jaeger(jaeger, QUERY_SECONDS),
        )

    def counted(self, kind: Kind) -> int:
        """Return the number of requests of a kind in Prometheus, over all replicas."""
        labels = f'job="api",http_route="{kind[0]}",http_response_status_code="{kind[1]}"'
        return int(sum(self.prometheus.values(f"sum(http_server_request_duration_seconds_count{{{labels}}})")))

    def await_scrape(self) -> None:
        """Wait until every replica has been scraped again, because older samples may be of an earlier process.

        Raises ``Unequal``.
        """
        now, deadline = time.time(), time.monotonic() + SCRAPE_PATIENCE_SECONDS
        while sum(self.prometheus.values('min(timestamp(up{job="api"}) * up{job="api"})')) <= now:
            if time.monotonic() > deadline:
                raise Unequal("Prometheus does not scrape the API; check the components with `make status`")
            time.sleep(0.5)

    def logged(self, run: str) -> int:
        """Return the number of a run's request lines in the log store."""
        lines = f'{{service_name="api"}} | event="http.request" | request_id=~"{run}-.*"'
        return int(sum(self.loki.values(f"sum(count_over_time({lines} [2h]))")))


@dataclass
class Sent:
    """The requests sent, by response."""

    run: str
    kinds: Counter[Kind] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    """Trace ids of responses with status 500 or above."""


@contextmanager
def failing(route: str, seconds: int) -> Iterator[None]:
    """Make every request to ``route`` fail with 500 within the block. Raises ``CalledProcessError``."""
    on = [sys.executable, "-m", "faults", "on", "api-errors", "--percent", "100", "--route", route]
    subprocess.run([*on, "--seconds", str(seconds)], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run([sys.executable, "-m", "faults", "off", "api-errors"], check=True, capture_output=True)


class Sender:
    """Sends requests from many threads, each with its own connection."""

    def __init__(self, api: str, run: str) -> None:
        self._api, self._here, self._lock, self._number = api, threading.local(), threading.Lock(), 0
        self.sent = Sent(run)

    def send(self, what: tuple[str, str]) -> int:
        """Send one request and return its status."""
        if not hasattr(self._here, "session"):
            self._here.session = direct_session()
        with self._lock:
            self._number += 1
            request_id = f"{self.sent.run}-{self._number:07d}"
        route, path = what
        answer = self._here.session.get(f"{self._api}{path}", headers={"X-Request-ID": request_id}, timeout=30)
        with self._lock:
            self.sent.kinds[route, answer.status_code] += 1
            if answer.status_code >= 500:
                self.sent.errors.append(answer.headers["X-Trace-ID"])
        return int(answer.status_code)

    def send_many(self, total: int, errors: int) -> None:
        """Send ``total`` requests, ``errors`` of them to the failing route, spread evenly."""
        bad = {number * total // errors for number in range(errors)} if errors else set()
        with ThreadPoolExecutor(CLIENTS) as pool:
            for _ in pool.map(self.send, (BAD if number in bad else GOOD for number in range(total))):
                pass


def until(what: str, found: Callable[[], int], wanted: int) -> None:
    """Wait until ``found()`` equals ``wanted``. Raises ``Unequal`` if it is greater or stays lower."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (number := found()) != wanted:
        if number > wanted or time.monotonic() > deadline:
            more = "; if another client uses the shop, start it with `make up TRAFFIC=0`" if number > wanted else ""
            raise Unequal(f"{what}: {number}, but {wanted} were sent{more}")
        time.sleep(1)


def compare(servers: Servers, sent: Sent, before: Counter[Kind], say: Callable[[str], None]) -> None:
    """Compare each server's count with the requests sent. Raises ``Unequal``."""
    for kind, number in sorted(sent.kinds.items()):
        until(f"requests in Prometheus, {kind}", partial(_risen, servers, kind, before[kind]), number)
        say(f"Prometheus: {number} × {kind[1]} {kind[0]}")
    total = sum(sent.kinds.values())
    until("request lines in Loki", lambda: servers.logged(sent.run), total)
    say(f"Loki: {total} request lines")
    missing = set(sent.errors)

    def arrived() -> int:
        missing.difference_update([one for one in missing if servers.jaeger.has_trace(one)])
        return len(sent.errors) - len(missing)

    until("errors with a trace in Jaeger", arrived, len(sent.errors))
    say(f"Jaeger: a trace for each of the {len(sent.errors)} errors")


def _risen(servers: Servers, kind: Kind, before: int) -> int:
    return servers.counted(kind) - before


def run(servers: Servers, total: int, errors: int, say: Callable[[str], None]) -> Sent:
    """Send requests and compare. Raises ``Unequal``."""
    sender = Sender(servers.api, uuid.uuid4().hex[:8])
    kinds = [(GOOD[0], 200), (BAD[0], 200), (BAD[0], 500)]
    servers.await_scrape()
    before = Counter({kind: servers.counted(kind) for kind in kinds})
    with failing(BAD[0], seconds=min(3600, 120 + total // 100)):
        in_a_row = 0
        deadline = time.monotonic() + 30
        while in_a_row < 20:
            # Both replicas must have the fault; these probe requests are counted like all others.
            in_a_row = in_a_row + 1 if sender.send(BAD) == 500 else 0
            if time.monotonic() > deadline:
                raise Unequal("the fault api-errors has no effect")
        started = time.perf_counter()
        sender.send_many(total, errors)
        probes = sum(sender.sent.kinds.values()) - total
        say(f"sent {total} requests in {time.perf_counter() - started:.0f} s, and {probes} to detect the fault:")
        for (route, status), number in sorted(sender.sent.kinds.items()):
            say(f"sent: {number} × {status} {route}")
    if unknown := set(sender.sent.kinds) - set(kinds):
        raise Unequal(f"unexpected responses: {sorted(unknown)}")
    compare(servers, sender.sent, before, say)
    return sender.sent


def say(text: str) -> None:
    """Print progress and results to standard output."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Run the command line. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="make verify-counts", description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--errors", type=int, help="number of failing requests (default: one in fifty)")
    asked = parser.parse_args()
    if not 1 <= asked.requests <= MOST_REQUESTS:
        parser.error(f"--requests must be from 1 to {MOST_REQUESTS}")
    errors = asked.requests // 50 if asked.errors is None else asked.errors
    if not 0 <= errors <= asked.requests:
        parser.error("--errors must be from 0 to --requests")
    try:
        run(Servers.from_env(), asked.requests, errors, say)
    except subprocess.CalledProcessError as error:
        sys.stderr.write(f"verify-counts: the fault api-errors cannot be switched: {error.stderr.decode().strip()}\n")
        return 1
    except (Unequal, NoAnswer, requests.RequestException) as error:
        sys.stderr.write(f"verify-counts: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
