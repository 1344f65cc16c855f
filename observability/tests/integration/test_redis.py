"""Commands on a real Redis: each is counted once, and has a span without any value if it is traced."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from opentelemetry import trace
from opentelemetry.instrumentation.utils import suppress_instrumentation
from redis.client import Pipeline

from glasshouse_observability.redis.instrumentation import instrument_redis, uninstrument_redis
from glasshouse_observability.traces.unsampled import UnsampledSpan, is_unsampled
from library_support.ports import free_port
from library_support.servers import Server
from library_support.signals import Signals

SECRET = "ann@example.com"


class Observed(Signals):
    """A client and its observations."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.client = redis.Redis.from_url(url)
        instrument_redis(self.telemetry)


@pytest.fixture
def observe() -> Iterator[type[Observed]]:
    yield Observed
    uninstrument_redis()


@pytest.fixture
def observed(observe: type[Observed], redis_server: tuple[str, Server]) -> Iterator[Observed]:
    one = observe(redis_server[0])
    yield one
    one.client.flushdb()
    one.client.close()


def use(client: redis.Redis) -> None:
    client.set("key", SECRET)
    assert client.get("key") == SECRET.encode()
    with client.pipeline() as together:
        together.incr("number").incr("number")
        assert together.execute() == [1, 2]
    with pytest.raises(redis.ResponseError):
        client.incr("key")


COUNTED = {("SET", ""): 1, ("GET", ""): 1, ("PIPELINE", ""): 1, ("INCRBY", "ResponseError"): 1}


def test_a_traced_command_has_a_span(observed: Observed) -> None:
    """Traced commands are children of the current span, with the stable conventions' attributes and no value."""
    with observed.telemetry.tracer("test").start_as_current_span("work") as work:
        use(observed.client)
    assert observed.counted() == COUNTED
    *spans, _ = observed.spans()
    assert [span.name for span in spans] == ["SET", "GET", "PIPELINE", "INCRBY"]
    assert [span.status.is_ok for span in spans] == [True, True, True, False]
    assert {span.parent.span_id for span in spans} == {work.get_span_context().span_id}
    assert {span.kind for span in spans} == {trace.SpanKind.CLIENT}
    port = int(observed.url.rsplit(":", 1)[1].split("/")[0])
    shared = {"db.system.name": "redis", "db.namespace": "0", "server.address": "127.0.0.1", "server.port": port}
    assert dict(spans[0].attributes) == {**shared, "db.operation.name": "SET"}
    assert dict(spans[2].attributes) == {**shared, "db.operation.name": "PIPELINE", "db.operation.batch.size": 2}
    assert dict(spans[3].attributes) == {
        **shared, "db.operation.name": "INCRBY", "error.type": "ResponseError"
    }  # fmt: skip
    assert spans[3].status.description == "ResponseError"


def test_what_is_not_sampled_is_counted_alone(observed: Observed) -> None:
    """Commands of unsampled requests and under unsampled spans are counted and have no span."""

    def as_in_a_request() -> None:
        is_unsampled.set(True)
        use(observed.client)

    def as_in_a_job() -> None:
        UnsampledSpan().attach()
        use(observed.client)

    for work in (as_in_a_request, as_in_a_job):
        observed.client.flushdb()
        before = observed.counted()
        # A separate thread, whose context ends with it.
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        now = observed.counted()
        assert {name: now[name] - before.get(name, 0) for name in COUNTED} == COUNTED
    assert {span.name for span in observed.spans()} == {"FLUSHDB"}


def test_a_server_that_is_not_there_is_an_error(observe: type[Observed]) -> None:
    """An unreachable server counts as an error under its exception's name."""
    one = observe(f"redis://127.0.0.1:{free_port()}")
    with pytest.raises(redis.ConnectionError):
        one.client.get("key")
    assert one.counted() == {("GET", "ConnectionError"): 1}


FAILING: list[tuple[Any, ...]] = [
    ("SET", "k", SECRET, "NONSENSE", SECRET),
    ("NONSENSE-COMMAND", SECRET),
    ("INCRBY", "text", SECRET),
    ("EVAL", f"return redis.error_reply('{SECRET}')", 0),
    ("EVAL", f"error('{SECRET}')", 0),
    ("XADD", SECRET, SECRET),
    ("AUTH", "user", SECRET),
    ("GET", object()),
    (f"GET {SECRET} extra",),
]


@pytest.mark.parametrize("arguments", FAILING)
@pytest.mark.parametrize("traced", [True, False])
def test_a_failed_command_reveals_no_argument(
    observed: Observed, arguments: tuple[Any, ...], traced: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """A server quotes arguments in its errors; they reach the application and no signal."""
    observed.client.set("text", "text")
    if traced:
        with pytest.raises(redis.RedisError) as failure:
            observed.client.execute_command(*arguments)
    else:
        with suppress_instrumentation(), pytest.raises(redis.RedisError) as failure:
            observed.client.execute_command(*arguments)
    seen = observed.exposed() + caplog.text + "".join(span.to_json() for span in observed.spans())
    assert SECRET not in seen
    assert f'error_type="{type(failure.value).__name__}"' in seen


def test_a_failed_pipeline_reveals_no_argument(observed: Observed) -> None:
    """redis-py puts the failed command with its arguments into the error of a pipeline."""
    for transaction in (True, False):
        pipe = observed.client.pipeline(transaction)
        pipe.set("text", SECRET).incrby("text", 2)
        with pytest.raises(redis.ResponseError):
            pipe.execute()
    spans = observed.spans()
    assert [span.status.description for span in spans] == ["ResponseError"] * 2
    assert SECRET not in observed.exposed() + "".join(span.to_json() for span in spans)
    assert observed.counted() == {("PIPELINE", "ResponseError"): 2}


@pytest.mark.parametrize("traced", [True, False])
def test_a_changed_key_is_no_error(observed: Observed, traced: bool) -> None:
    """A changed watched key is the purpose of WATCH: no error (opentelemetry-python-contrib#2639).

    WATCH and the commands before MULTI are sent at once, each is observed (getsentry/sentry-python#1169).
    """

    def watch() -> None:
        with observed.client.pipeline() as pipe:
            pipe.watch("k")
            assert pipe.get("k") is None
            observed.client.set("k", "2")
            pipe.multi()
            pipe.set("k", "3")
            with pytest.raises(redis.WatchError):
                pipe.execute()

    if traced:
        watch()
    else:
        with suppress_instrumentation():
            watch()
    assert observed.counted() == {("WATCH", ""): 1, ("GET", ""): 1, ("SET", ""): 1, ("PIPELINE", ""): 1}
    spans = observed.spans()
    assert [span.name for span in spans] == (["WATCH", "GET", "SET", "PIPELINE"] if traced else [])
    assert all(span.status.is_unset for span in spans)


def test_arguments_of_every_type_are_accepted(observed: Observed) -> None:
    """Results are those of plain redis-py, whatever the types (lumigo-io/opentelemetry-python-distro#547)."""
    client = observed.client
    assert client.zadd("z", {"One": 10, b"\xff": 2.5}) == 2
    assert client.execute_command(b"GET", b"\xff") is None
    assert client.execute_command("get", "k") is None
    assert client.execute_command("SET k v")
    assert client.set("k", memoryview(b"x"))
    assert client.execute_command("CLIENT GETNAME") in (None, b"")
    assert observed.counted() == {
        ("ZADD", ""): 1, ("GET", ""): 2, ("SET", ""): 2, ("CLIENT", ""): 1
    }  # fmt: skip


@pytest.mark.parametrize("arguments", [(), (17,), (None,), ("\ud800",), (b"\xff\xfe",), (["GET"],), ("x" * 99,)])
def test_what_is_no_command_raises_the_clients_error(observed: Observed, arguments: tuple[Any, ...]) -> None:
    """What redis-py cannot send raises its own exception, and counts as ``other``."""
    with pytest.raises(Exception) as seen:  # noqa: PT011  (redis-py's exceptions differ between its versions)
        observed.client.execute_command(*arguments)
    assert observed.counted() == {("other", type(seen.value).__name__): 1}
    assert observed.swallowed() == 0
    uninstrument_redis()
    with pytest.raises(type(seen.value)):
        observed.client.execute_command(*arguments)


def test_names_are_bounded(observed: Observed) -> None:
    """A name that comes from input becomes ``other`` beyond the guard's limit, in the metric and in memory."""
    for number in range(1200):
        with pytest.raises(redis.ResponseError):
            observed.client.execute_command(f"X{number}")
    names = {name for name, _ in observed.counted()}
    assert len(names) <= 101
    assert "other" in names


class Interrupted(BaseException):
    """An exception like a worker's time limit or gevent's timeout."""


def test_an_exception_of_another_library_is_an_error(observed: Observed, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception that is thrown into a waiting command is an error in metric and span (rq/rq#2454)."""

    def interrupt(*_: Any, **__: Any) -> Any:
        raise Interrupted

    monkeypatch.setattr(observed.client.connection_pool, "get_connection", interrupt)
    with pytest.raises(Interrupted):
        observed.client.get("key")
    (span,) = observed.spans()
    assert span.attributes["error.type"] == "Interrupted"
    assert observed.counted() == {("GET", "Interrupted"): 1}


def test_an_empty_pipeline_is_no_operation(observed: Observed) -> None:
    """A pipeline without commands sends nothing."""
    assert observed.client.pipeline().execute() == []
    assert observed.counted() == {}


def test_the_originals_are_restored(observed: Observed) -> None:
    """``uninstrument_redis`` restores the very functions of redis-py."""
    methods = [(redis.Redis, "execute_command"), (Pipeline, "execute"), (Pipeline, "immediate_execute_command")]
    wrapped = [vars(owner)[name] for owner, name in methods]
    uninstrument_redis()
    assert [vars(owner)[name] for owner, name in methods] == [wrapper.__wrapped__ for wrapper in wrapped]
    observed.client.get("k")
    assert observed.counted() == {}


def test_one_client_is_observed(redis_server: tuple[str, Server]) -> None:
    """With a client, only that client, its copies and its pipelines are observed."""
    one, signals = redis.Redis.from_url(redis_server[0]), Signals()
    instrument_redis(signals.telemetry, one)
    try:
        for client in (one, redis.Redis(connection_pool=one.connection_pool), redis.Redis.from_url(redis_server[0])):
            client.get("k")
            client.pipeline().get("k").execute()
        assert signals.counted() == {("GET", ""): 2, ("PIPELINE", ""): 2}
    finally:
        uninstrument_redis(one)
    one.get("k")
    assert signals.counted() == {("GET", ""): 2, ("PIPELINE", ""): 2}


def test_derived_clients_are_observed(observed: Observed) -> None:
    """Locks, scripts, transactions and single connections give plain redis-py's results, each command once."""
    client = observed.client
    with client.lock("lock", timeout=5):
        assert client.register_script("return ARGV[1]")(args=["7"]) == b"7"
    assert client.transaction(lambda pipe: (pipe.multi(), pipe.set("a", 1)), "a") == [True]
    with client.client() as single:
        assert single.ping()
    with client.pubsub() as channel:
        channel.subscribe("c")
    counted = observed.counted()
    assert counted["PING", ""] == 1
    assert counted["WATCH", ""] == counted["PIPELINE", ""] == 1
    assert ("SUBSCRIBE", "") not in counted
    assert len(observed.spans()) == sum(counted.values())
