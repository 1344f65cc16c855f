"""Commands on a real Redis: each is counted once, and has the instrumentation's span if it is traced."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import redis
from opentelemetry.instrumentation.redis import RedisInstrumentor

from glasshouse_observability.redis.client import ObservedRedis, instrument_redis
from glasshouse_observability.traces.unsampled import UnsampledSpan, is_unsampled
from library_support.ports import free_port
from library_support.servers import Server
from library_support.signals import Signals

SECRET = "ann@example.com"


class Observed(Signals):
    """A client and its observations."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.client: ObservedRedis = instrument_redis(self.telemetry, self.metrics)(url)


@pytest.fixture
def observe() -> Iterator[type[Observed]]:
    yield Observed
    # The instrumentation patches the whole library, and the next test uses another provider.
    RedisInstrumentor().uninstrument()


@pytest.fixture
def observed(observe: type[Observed], redis_server: tuple[str, Server]) -> Iterator[Observed]:
    one = observe(redis_server[0])
    yield one
    one.client.flushdb()
    one.client.close()


def use(client: ObservedRedis) -> None:
    client.set("key", SECRET)
    assert client.get("key") == SECRET.encode()
    with client.pipeline() as together:
        together.incr("number").incr("number")
        assert together.execute() == [1, 2]
    with pytest.raises(redis.ResponseError):
        client.incr("key")


COUNTED = {("SET", ""): 1, ("GET", ""): 1, ("PIPELINE", ""): 1, ("INCRBY", "ResponseError"): 1}


def test_what_is_traced_has_the_instrumentations_spans(observed: Observed) -> None:
    """Traced commands have the instrumentation's spans, none of which contains a value."""
    use(observed.client)
    assert observed.counted() == COUNTED
    spans = observed.spans()
    assert [span.name for span in spans] == ["SET", "GET", "INCRBY INCRBY", "INCRBY"]
    assert [span.status.is_ok for span in spans] == [True, True, True, False]
    assert SECRET not in "".join(span.to_json() for span in spans)


def test_what_is_not_sampled_does_not_enter_it(observed: Observed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands of unsampled requests, and under unsampled spans elsewhere, do not enter the instrumentation."""
    entered: list[str] = []
    monkeypatch.setattr(
        "opentelemetry.instrumentation.redis.is_instrumentation_enabled", lambda: entered.append("entered") or False
    )

    def as_in_a_request() -> None:
        is_unsampled.set(True)
        use(observed.client)

    def as_in_a_job() -> None:
        UnsampledSpan().attach()
        use(observed.client)

    for work in (as_in_a_request, as_in_a_job):
        observed.client.flushdb()
        # A separate thread, whose context ends with it.
        thread = threading.Thread(target=work)
        before = observed.counted()
        entered.clear()
        thread.start()
        thread.join()
        now = observed.counted()
        assert {name: now[name] - before.get(name, 0) for name in COUNTED} == COUNTED
        assert entered == []
    assert [span.name for span in observed.spans()] == []


def test_a_server_that_is_not_there_is_an_error(observe: type[Observed]) -> None:
    """An unreachable server counts as an error under its exception's name."""
    one = observe(f"redis://127.0.0.1:{free_port()}")
    with pytest.raises(redis.ConnectionError):
        one.client.get("key")
    assert one.counted() == {("GET", "ConnectionError"): 1}
