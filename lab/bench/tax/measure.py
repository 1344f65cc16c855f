"""The server's CPU time per request, measured in rounds with each variant in turn."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import redis
from pymongo import MongoClient

from lab.bench.tax.apps.shop import DATABASE
from lab.bench.tax.cpu import cpu_seconds
from lab.bench.tax.servers import databases, free_port, served, sinks
from lab.bench.tax.variants import Variant
from lab.clients.http import direct_session
from stack.paths import ROOT

CONNECTIONS = 8
WARM_UP_REQUESTS = 400
RUN_IN_REQUESTS = 100
SETTLE_SECONDS = 1.2
"""The time after each load that is still counted, because exporters send collected data (ours every second)."""
SCRAPE_SECONDS = 5.0
"""The interval between scrapes during a load, equal to the scrape interval of the stack's Prometheus."""


@dataclass(frozen=True)
class Endpoint:
    """A request and its number of repetitions in one round."""

    name: str
    request: str
    requests: int


ENDPOINTS = (
    Endpoint("cached read", "GET /cached/brass-desk-lamp", 3000),
    Endpoint("Mongo read", "GET /products/brass-desk-lamp", 2000),
    Endpoint("order placement", "POST /orders", 1200),
)


@dataclass
class Runner:
    """One server of a variant in each round, and its results: CPU microseconds per request by endpoint."""

    variant: Variant
    sink: str
    pid: int = 0
    port: int = 0
    metrics: str = ""
    unscraped: float = 0.0
    """Seconds of load since the last scrape."""
    cpu_us: dict[str, list[float]] = field(default_factory=dict)
    p99_ms: dict[str, list[float]] = field(default_factory=dict)

    def measure(self, endpoint: Endpoint) -> None:
        """Run one load and record its share of the CPU."""
        # Warm up, because a busy server has neither cold caches nor accumulated trace quota.
        _load(self.port, endpoint.request, RUN_IN_REQUESTS)
        before = cpu_seconds(self.pid)
        summary = _load(self.port, endpoint.request, endpoint.requests)
        self.unscraped += summary["seconds"]
        if self.variant.scraped and self.unscraped >= SCRAPE_SECONDS:
            self.unscraped = 0.0
            direct_session().get(self.metrics, timeout=10).raise_for_status()
        time.sleep(SETTLE_SECONDS)
        spent = cpu_seconds(self.pid) - before
        self.cpu_us.setdefault(endpoint.name, []).append(spent / endpoint.requests * 1e6)
        self.p99_ms.setdefault(endpoint.name, []).append(float(summary["p99"]) * 1e3)

    def delivered(self) -> dict[str, dict[str, int]]:
        """Return what its sink has received."""
        found: dict[str, dict[str, int]] = direct_session().get(f"{self.sink}/counts", timeout=5).json()
        return found

    def missing(self) -> list[str]:
        """Return the paths at which no data has arrived. A row with such a path is invalid."""
        arrived = self.delivered()
        return [
            paths
            for paths in self.variant.exports_to
            if not any(arrived.get(path, {}).get("bytes") for path in paths.split("|"))
        ]


def measure(
    variants: Sequence[Variant],
    endpoints: Sequence[Endpoint],
    venvs: dict[bool, Path],
    rounds: int,
    say: Callable[[str], None],
    folder: str | None,
    seconds: float = math.inf,
) -> list[Runner]:
    """Start the databases, restart all servers for each of ``rounds``, measure, stop everything.

    A variant that occurs several times in ``variants`` has as many servers. ``venvs`` contains the environments by
    ``Variant.peers``. Returns a runner for each server of a round.

    No round starts that would end later than ``seconds`` after the call if it takes as long as the previous one. At
    least one round runs.
    """
    began = time.monotonic()
    with ExitStack() as stack:
        place = Path(folder) if folder else Path(stack.enter_context(TemporaryDirectory(prefix="glasshouse-tax-")))
        urls = stack.enter_context(databases(place))
        ports = [free_port() for _ in variants]
        stack.enter_context(sinks(ports, place))
        runners = [Runner(variant, f"http://127.0.0.1:{sink}") for variant, sink in zip(variants, ports, strict=True)]
        cache = stack.enter_context(redis.Redis.from_url(urls["REDIS_URL"]))
        mongo = stack.enter_context(MongoClient[dict[str, object]](urls["MONGO_URL"]))

        def forget_orders() -> None:
            # No worker consumes the queue: each load starts with an empty one.
            cache.flushdb()
            mongo[DATABASE].orders.drop()

        for number in range(1, rounds + 1):
            round_began = time.monotonic()
            say(f"round {number} of {rounds}: starting {len(runners)} servers")
            with ExitStack() as servers:
                for runner in runners:
                    _start(runner, servers, venvs, urls, place)
                    for endpoint in endpoints:
                        _load(runner.port, endpoint.request, WARM_UP_REQUESTS)
                    forget_orders()
                for endpoint in endpoints:
                    say(f"round {number} of {rounds}: {endpoint.name}")
                    # With a fixed order, each server would always start with the cache state that the same predecessor
                    # left.
                    for runner in random.sample(runners, len(runners)):
                        runner.measure(endpoint)
                        forget_orders()
            now = time.monotonic()
            if now - began + (now - round_began) > seconds:
                break
        for runner in runners:
            say(f"{runner.variant.name}: {runner.delivered() or 'nothing exported'}")
            if absent := runner.missing():
                raise RuntimeError(
                    f"{runner.variant.name} has exported nothing to {', '.join(absent)} and is not comparable"
                )
        return runners


def _start(runner: Runner, servers: ExitStack, venvs: dict[bool, Path], urls: dict[str, str], place: Path) -> None:
    """Start the server; ``servers`` stops it.

    Servers are restarted for each round, so that the memory layout of one process does not affect all rounds.
    """
    variant, runner.port, metrics = runner.variant, free_port(), free_port()
    environment = {**urls, **variant.environment(runner.sink, metrics)}
    runner.metrics = f"http://127.0.0.1:{metrics}/metrics"
    runner.pid = servers.enter_context(served(variant, venvs[variant.peers], runner.port, environment, place)).pid


def _load(port: int, request: str, count: int) -> dict[str, float]:
    command = [sys.executable, "-m", "lab.bench.tax.client", str(port), request, str(count), str(CONNECTIONS)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=300)
    if done.returncode:
        raise RuntimeError(f"the load on {request} failed: {done.stderr.strip().splitlines()[-1]}")
    summary: dict[str, float] = json.loads(done.stdout)
    return summary
