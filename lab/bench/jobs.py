"""``make bench-jobs``: CPU cost of an order in the workers, with one fork per job and with one fork for many jobs.

Two workers on the running instance's servers differ only in ``JOBS_PER_FORK``; each has a separate queue and they share
a database. In each round, each worker in turn gets the same number of orders at once, and the benchmark measures the
CPU time that the worker and its work horses use until all are confirmed. Then orders arrive at a fixed rate at workers
that fork rarely. Their durations are read from the orders.
"""

from __future__ import annotations

import argparse
import os
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack

import psutil
from opentelemetry import context as otel_context
from rich.console import Console

from glasshouse_observability import Telemetry, TelemetrySettings
from shop.bootstrap import Instruments, Shop, new_shop
from shop.config import Settings
from shop.domain.order import OrderStatus
from shop.domain.product import Product
from stack.paths import ROOT

FEW, MANY = 1, 500
ROUNDS, ORDERS = 8, 100
RATE, SECONDS, WORKERS = 50, 60, 3
PATIENCE_SECONDS = 180.0
WARM_UP = 20
PRODUCT = Product("bench", "Bench", "bench", "For the bench only", 100, 10_000_000)


class Workers:
    """Worker processes with a separate queue, and a shop that places orders in it."""

    def __init__(self, env: Mapping[str, str], instruments: Instruments, jobs_per_fork: int) -> None:
        queue = f"{env['MONGO_DATABASE']}-{jobs_per_fork}"
        self._env = {**env, "QUEUE": queue, "JOBS_PER_FORK": str(jobs_per_fork)}
        self._telemetry = instruments.telemetry
        self.shop: Shop = new_shop(Settings.from_env(self._env), instruments)
        self._processes: list[subprocess.Popen[bytes]] = []
        self.start(1)

    def start(self, more: int) -> None:
        """Start this many more workers."""
        command = [sys.executable, "-m", "workers"]
        self._processes += [
            subprocess.Popen(command, cwd=ROOT, env=self._env, stdout=subprocess.DEVNULL) for _ in range(more)
        ]

    def confirm(self, orders: int) -> tuple[float, float]:
        """Process this many orders. Returns CPU seconds and elapsed seconds. Raises ``TimeoutError``."""
        cpu, began = self._cpu_seconds(), time.monotonic()
        self.wait([self.place() for _ in range(orders)])
        return self._cpu_seconds() - cpu, time.monotonic() - began

    def place(self) -> str:
        """Place one order, sampled like an order through the API. Returns its id."""
        unsampled = self._telemetry.sampler.request("POST", None)
        if unsampled is None:
            return self.shop.place_order([(PRODUCT.id, 1)]).id
        token = unsampled.attach()
        try:
            return self.shop.place_order([(PRODUCT.id, 1)]).id
        finally:
            otel_context.detach(token)

    def wait(self, placed: list[str]) -> list[float]:
        """Wait until all are confirmed. Returns the seconds that each order took. Raises ``TimeoutError``."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        took = []
        for order_id in placed:
            while (order := self.shop.orders.get(order_id)).status is not OrderStatus.CONFIRMED:
                if time.monotonic() > deadline or any(one.poll() is not None for one in self._processes):
                    raise TimeoutError(f"order {order_id} is still {order.status}; the worker's output is shown above")
                time.sleep(0.02)
            took.append((order.history[-1].at - order.created_at).total_seconds())
        return took

    def _cpu_seconds(self) -> float:
        """Return the CPU time of the workers and of their finished and running work horses."""
        workers = [psutil.Process(process.pid) for process in self._processes]
        spent = sum(sum(worker.cpu_times()[:4]) for worker in workers)
        alive = sum(sum(child.cpu_times()[:2]) for worker in workers for child in worker.children())
        return float(spent + alive)

    def stop(self) -> None:
        """Stop the workers and remove their queue."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait()
        self.shop.queue.delete(delete_jobs=True)
        self.shop.stop()


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(prog="make bench-jobs", description=__doc__.partition(":")[2].partition(".")[0])
    options.add_argument("--rate", type=int, default=RATE, help=f"orders per second ({RATE})")
    options.add_argument(
        "--seconds", type=int, default=SECONDS, help=f"duration of the orders at this rate ({SECONDS})"
    )
    options.add_argument("--workers", type=int, default=WORKERS, help=f"workers that process them ({WORKERS})")
    options.add_argument(
        "--rounds", type=int, default=ROUNDS, help=f"rounds, alternating between the workers ({ROUNDS})"
    )
    options.add_argument("--orders", type=int, default=ORDERS, help=f"orders per worker and round ({ORDERS})")
    asked = options.parse_args()
    if not (
        1 <= asked.rate <= 500 and 1 <= asked.seconds <= 600 and 1 <= asked.workers <= 20 and 2 <= asked.rounds <= 100
    ):
        options.error("allowed: --rate 1 to 500, --seconds 1 to 600, --workers 1 to 20, --rounds 2 to 100")
    if not 5 <= asked.orders <= 1000:
        options.error("allowed: --orders 5 to 1000")
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ADMIN_")},
        "OTEL_SERVICE_NAME": "worker",
        "MONGO_DATABASE": f"bench-{secrets.token_hex(4)}",
        "OBSERVABILITY_METRICS_PORT": "0",
    }
    instruments = Instruments.install(Telemetry(TelemetrySettings(service="bench", instance="bench")))
    say = Console(width=110, highlight=False).print
    with ExitStack() as ended:
        groups = []
        for jobs_per_fork in (FEW, MANY):
            groups.append(Workers(env, instruments, jobs_per_fork))
            ended.callback(groups[-1].stop)
        shop = groups[0].shop
        ended.callback(lambda: shop.mongo_client.drop_database(env["MONGO_DATABASE"]))
        shop.prepare()
        shop.catalogue.add_missing([PRODUCT])
        for workers in groups:
            workers.confirm(WARM_UP)
        rounds = [[workers.confirm(asked.orders) for workers in groups] for _ in range(asked.rounds)]
        show(say, rounds, asked.orders)
        groups[1].start(asked.workers - 1)
        groups[1].confirm(WARM_UP * asked.workers)
        late, took = at_rate(groups[1], asked.rate, asked.seconds)
    p50, p95, p99 = (statistics.quantiles(took, n=100)[rank - 1] for rank in (50, 95, 99))
    say(f"{asked.rate} orders/s for {asked.seconds} s, {asked.workers} workers with few forks, placed to confirmed:")
    say(f"  p50 {p50:.3f} s  p95 {p95:.3f} s  p99 {p99:.3f} s")
    if late:
        say(f"  {late:.0%} of the orders were placed more than 0.1 s late: the machine is too slow for this rate")
    return 0


def at_rate(workers: Workers, rate: int, seconds: int) -> tuple[float, list[float]]:
    """Place ``rate`` orders per second. Returns the share placed late and the seconds until each was confirmed."""
    began, late, placed = time.monotonic(), 0, []
    for turn in range(rate * seconds):
        ahead = began + turn / rate - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
        late += ahead < -0.1
        placed.append(workers.place())
    return late / len(placed), workers.wait(placed)


def show(say: Callable[[str], None], rounds: list[list[tuple[float, float]]], orders: int) -> None:
    """Print medians and the per-round ratio; each round had ``orders`` orders for each worker."""
    say(f"CPU of the worker and its work horses, {len(rounds)} rounds of {orders} orders for each, in turn:")
    for place, name in enumerate((f"a fork for each job ({FEW})", f"a fork for {MANY} jobs")):
        cpu = statistics.median(turn[place][0] for turn in rounds) / orders * 1000
        rate = statistics.median(orders / turn[place][1] for turn in rounds)
        low, middle, high = statistics.quantiles([turn[place][0] / turn[0][0] for turn in rounds], n=4)
        say(f"  {name:<26} {cpu:6.1f} ms/order   ratio {middle:.3f} ({low:.3f} to {high:.3f})   {rate:5.1f} orders/s")


if __name__ == "__main__":
    sys.exit(main())
