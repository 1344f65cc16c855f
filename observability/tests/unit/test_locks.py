"""No lock of the telemetry blocks a forked child, a signal handler, a finaliser, or the fork itself."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry, Counter, Enum, Gauge, Histogram, Info, Metric, Summary, values
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.registry import Collector

from glasshouse_observability import Telemetry, TelemetrySettings
from glasshouse_observability.locks import free, new_lock
from glasshouse_observability.metrics.deferred import DeferredHistogram
from glasshouse_observability.metrics.prometheus_internals import names_of
from glasshouse_observability.metrics.server import MetricsServer

CHILD_SECONDS = 10
SETTINGS = TelemetrySettings(service="api", instance="api-1", label_values=10_000)


@pytest.fixture(params=["own", "given"])
def telemetry(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Telemetry]:
    """Return a telemetry with its own registry, and with one of the application, which has metrics already."""
    registry = None
    if request.param == "given":
        registry = CollectorRegistry()
        monkeypatch.setattr(values, "ValueClass", values.MutexValue)
        Histogram("early", "", ["a"], registry=registry).labels("x")
    telemetry = Telemetry(SETTINGS, registry=registry, exporter=InMemorySpanExporter())
    yield telemetry
    telemetry.stop()


def everything(telemetry: Telemetry) -> Callable[[], None]:
    """Return a function that uses each kind of metric, and the library's own counters and sampler."""
    registry = telemetry.registry
    counter = Counter("c_total", "", registry=registry)
    labelled = Counter("l_total", "", ["a"], registry=registry)
    guarded = telemetry.guard.limit(Counter("g_total", "", ["a"], registry=registry), "a")
    gauge, summary = Gauge("now", "", registry=registry), Summary("s", "", registry=registry)
    histogram = Histogram("h", "", registry=registry)
    deferred = DeferredHistogram("d", "", ["a"], registry=registry)
    enum, info = Enum("e", "", states=["x", "y"], registry=registry), Info("i", "", registry=registry)
    numbers = iter(range(10**9))
    early = names_of(registry).get("early_sum", deferred)
    assert isinstance(early, Histogram)

    def use() -> None:
        counter.inc()
        number = next(numbers) % 20
        labelled.labels(str(number)).inc()
        guarded.labels(f"v{number}").inc()
        gauge.set(1)
        summary.observe(1)
        histogram.observe(1, {"trace_id": "ab"})
        deferred.labels("x").observe(1)
        early.labels("x").observe(1)
        enum.state("y")
        info.info({"v": "1"})
        telemetry.sampler.request("GET", None)
        telemetry.swallowed("test", ValueError())
        registry.get_target_info()

    return use


def child_exits(run: Callable[[], object]) -> bool:
    """Fork, call ``run`` in the child, and return whether it ends in time."""
    child = os.fork()
    if child == 0:
        signal.alarm(CHILD_SECONDS)
        try:
            run()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def locks_of(telemetry: Telemetry) -> list[Any]:
    """Return each lock of the registry, its metrics and their values, once."""
    found = {id(lock): lock for lock in [telemetry.registry._lock]}
    for metric in list(telemetry.registry._collector_to_names):
        if not isinstance(metric, MetricWrapperBase):
            continue
        series = [metric, *getattr(metric, "_metrics", {}).values()]
        for one in series:
            numbers = [*vars(one).values(), *getattr(one, "_buckets", [])]
            for lock in [getattr(one, "_lock", None), *(getattr(number, "_lock", None) for number in numbers)]:
                if lock is not None and hasattr(lock, "_at_fork_reinit"):
                    found[id(lock)] = lock
    return list(found.values())


def test_a_child_may_use_metrics_whose_locks_another_thread_held(telemetry: Telemetry) -> None:
    """Whichever lock another thread holds at a fork, the child can use every metric, and serve and collect them.

    prometheus/client_python#431: the child hangs in ``values.set``.
    """
    use = everything(telemetry)
    use()
    locks = locks_of(telemetry)
    assert len(locks) >= (8 if "early_sum" not in names_of(telemetry.registry) else 24)
    for lock in locks:
        held, release = threading.Event(), threading.Event()

        def hold(lock: Any = lock, held: threading.Event = held, release: threading.Event = release) -> None:
            with lock:
                held.set()
                release.wait(60)

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait(10)
        try:
            assert child_exits(lambda: (use(), list(telemetry.registry.collect())))
        finally:
            release.set()
            thread.join()


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_children_of_a_busy_process_never_hang(telemetry: Telemetry) -> None:
    """Children that are forked while four threads observe and log can do the same."""
    use = everything(telemetry)
    stop = threading.Event()

    def loop() -> None:
        while not stop.is_set():
            use()

    threads = [threading.Thread(target=loop) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        assert all(child_exits(use) for _ in range(25))
    finally:
        stop.set()
        for thread in threads:
            thread.join()


class Hanging(Collector):
    """A collector that hangs until it is released."""

    def __init__(self) -> None:
        self.began, self.release = threading.Event(), threading.Event()

    def describe(self) -> Iterable[Metric]:
        """Return nothing, so that registration does not collect."""
        return []

    def collect(self) -> Iterable[Metric]:
        """Wait."""
        self.began.set()
        self.release.wait(60)
        return []


def test_a_fork_does_not_wait_for_a_scrape(telemetry: Telemetry) -> None:
    """While a scrape hangs in a collector, the application forks and the child observes, before the scrape ends."""
    use = everything(telemetry)
    hanging = Hanging()
    telemetry.registry.register(hanging)
    server = MetricsServer(telemetry.registry, "127.0.0.1", 0, telemetry.errors)
    scrape = threading.Thread(target=lambda: urlopen(server.port))
    scrape.start()
    assert hanging.began.wait(10)
    try:
        assert child_exits(use)
        subprocess.run(["/bin/true"], check=True, preexec_fn=lambda: None)
        assert scrape.is_alive()
    finally:
        hanging.release.set()
        scrape.join()
        server.close()


def urlopen(port: int | None) -> None:
    import urllib.request

    urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30).read()


def test_a_signal_handler_may_observe_at_any_moment() -> None:
    """A handler that observes, while the same thread observes, neither blocks nor loses a count.

    prometheus/client_python#1076: gunicorn's arbiter blocked in ``Counter.inc`` when a signal was logged.
    """
    telemetry = Telemetry(SETTINGS, exporter=InMemorySpanExporter())
    use = everything(telemetry)
    handled = 0

    def handle(*_: object) -> None:
        nonlocal handled
        handled += 1
        use()

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    rounds = 0
    try:
        while handled < 300:
            use()
            rounds += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert telemetry.registry.get_sample_value("c_total") == rounds + handled
    assert telemetry.registry.get_sample_value("s_count") == rounds + handled
    assert telemetry.registry.get_sample_value("h_count") == rounds + handled
    telemetry.stop()


def test_a_finaliser_may_observe_at_any_moment() -> None:
    """An object whose finaliser observes and uses new label values is collected anywhere without a deadlock.

    prometheus/client_python#363, #322.
    """
    telemetry = Telemetry(SETTINGS, exporter=InMemorySpanExporter())
    use = everything(telemetry)
    fresh = telemetry.guard.limit(Counter("fresh_total", "", ["a"], registry=telemetry.registry), "a")
    finalised = []

    class Cycle:
        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            finalised.append(1)
            fresh.labels(f"f{len(finalised)}").inc()
            use()

    threshold = gc.get_threshold()
    gc.set_threshold(1, 1, 1)

    def loop() -> None:
        for number in range(10):
            Cycle()
            use()
            fresh.labels(f"n{number}").inc()
            list(telemetry.registry.collect())

    threads = [threading.Thread(target=loop, daemon=True) for _ in range(4)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in threads)
    finally:
        gc.set_threshold(*threshold)
    assert finalised
    telemetry.stop()


def test_a_lock_is_reentrant_and_free_in_a_child() -> None:
    """``new_lock`` is re-entrant, and a child can take it although another thread of the parent has it."""
    lock = new_lock()
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with lock, lock:
            held.set()
            release.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    try:
        assert child_exits(lambda: lock.acquire())
    finally:
        release.set()
        thread.join()
    plain = threading.Lock()
    plain.acquire()
    free(plain)
    assert plain.acquire(blocking=False)
