"""Following an order over servers that are available, late, or down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from console.config.addresses import Addresses
from console.follow import subject
from console.follow.clients import Clients
from console.follow.gather import SIGNAL_SECONDS, Gatherer
from console.follow.wait import Waiter
from console.servers.errors import BadAnswer, ServerError, Unreachable
from console.servers.http import Reply
from console.story import Evidence, build_story

ORDER = "ord_01a206d64eaa6533dcd70761a6ed47f7"
TRACE = "2c75bd6562d49b53faf190930b30a30e"
REQUEST = "76a58b5b35f9b41490d588337b8d3a35"
ORDER_PATH, TRACE_PATH = f"/api/v1/orders/{ORDER}", f"/api/traces/{TRACE}"
LOKI, SAMPLES, EXEMPLARS = "/loki/api/v1/query_range", "/api/v1/query", "/api/v1/query_exemplars"
DOWN = requests.ConnectionError("refused")


class World:
    """The servers, a clock that advances only while waiting, and the messages of the wait."""

    def __init__(self, transport: Any, addresses: Addresses, started: datetime) -> None:
        self.transport, self.started = transport, started
        self.said: list[str] = []
        self.seconds = 0.0
        self.clients = Clients.at(addresses, transport)
        self.waiter = Waiter(self.said.append, lambda: self.seconds, self.sleep)
        self.evidence = Evidence(addresses, order_id=ORDER, request_id=REQUEST, trace_id=TRACE)

    def sleep(self, seconds: float) -> None:
        """Advance the clock."""
        self.seconds += seconds

    def now(self) -> datetime:
        """Return the time of day."""
        return self.started + timedelta(seconds=self.seconds)

    def gather(self) -> Evidence:
        """Gather the evidence from all servers."""
        return Gatherer(self.clients, self.waiter, self.now, self.evidence).gather()


@pytest.fixture
def world(fake_transport: type, recorded: Callable[[str], Any], addresses: Addresses) -> World:
    """Return servers that all have the order, which was placed just before."""
    order = recorded("order")
    placed = datetime.fromisoformat(order["created_at"])
    scraped = str(placed.timestamp() + 3)
    samples = {"data": {"result": [{"metric": {"instance": "api-1"}, "value": [0, scraped]}]}}
    answers = {
        "/api/v1/products": {"items": [{"id": "sold-out", "stock": 0}, {"id": "mug", "stock": 5}]},
        "/api/v1/orders": Reply(202, {"x-request-id": REQUEST, "x-trace-id": TRACE}, {"id": ORDER}),
        ORDER_PATH: order,
        TRACE_PATH: recorded("jaeger_trace"),
        LOKI: recorded("loki_lines"),
        SAMPLES: samples,
        EXEMPLARS: recorded("exemplars"),
        "/api/v2/alerts": recorded("alerts"),
        "/api/inbox": recorded("inbox"),
    }
    return World(fake_transport(answers), addresses, placed + timedelta(seconds=2))


def test_all_is_gathered(world: World) -> None:
    """With every server available the story is complete.

    Only Loki is queried twice, to check that no more lines arrive.
    """
    story = build_story(world.gather())
    assert story.notes == ()
    assert story.trace is not None
    assert story.trace.is_complete
    assert story.exemplar is not None
    assert len(story.logs) == len(world.evidence.lines or ())
    assert world.said == ["waiting for the last log lines in the log store"]


def test_what_is_late_is_waited_for_in_words(world: World, recorded: Callable[[str], Any]) -> None:
    """The messages name what is awaited: the order's state, then the services whose spans and lines are missing."""
    pending = recorded("order") | {"status": "pending"}
    only_api = recorded("jaeger_trace")
    only_api["data"][0]["spans"] = [
        span for span in only_api["data"][0]["spans"] if span["operationName"] == "POST /api/v1/orders"
    ]
    answers = world.transport.answers
    empty: dict[str, Any] = {"data": {"result": []}}
    answers[ORDER_PATH] = (pending, answers[ORDER_PATH])
    answers[TRACE_PATH] = (Reply(404), only_api, answers[TRACE_PATH])
    answers[LOKI] = (empty, answers[LOKI])
    answers["/api/inbox"] = ({"items": []}, answers["/api/inbox"])
    answers[SAMPLES] = ({"data": {"result": []}}, answers[SAMPLES])
    answers[EXEMPLARS] = ({"data": []}, answers[EXEMPLARS])
    assert build_story(world.gather()).notes == ()
    assert world.said == [
        "waiting for the worker: the order is pending",
        "waiting for the trace's first spans in Jaeger",
        "waiting for the payments' and worker's spans in Jaeger",
        "waiting for the api's and payments' and worker's log lines in the log store",
        "waiting for the last log lines in the log store",
        "waiting for the confirmation e-mail in the console's inbox",
        "waiting for Prometheus to scrape the API",
    ]


def test_waiting_for_signals_is_bounded(world: World) -> None:
    """The wait for signals that never arrive has one time limit for all of them."""
    for path in (TRACE_PATH, LOKI, "/api/inbox", EXEMPLARS):
        world.transport.answers[path] = {"data": [], "items": []} if path != LOKI else {"data": {"result": []}}
    world.transport.answers[SAMPLES] = {"data": {"result": []}}
    notes = build_story(world.gather()).notes
    assert len(notes) == 4
    assert SIGNAL_SECONDS <= world.seconds <= SIGNAL_SECONDS + 1


def test_an_old_order_is_not_waited_for(world: World) -> None:
    """The signals of an order that is one hour old are not awaited, because no more can arrive."""
    world.started += timedelta(hours=1)
    world.transport.answers[TRACE_PATH] = Reply(404)
    notes = build_story(world.gather()).notes
    assert notes == ("Jaeger does not have the trace's first spans.",)
    assert world.seconds == 0


def test_an_exemplar_is_not_waited_for_after_a_scrape(world: World) -> None:
    """An exemplar is not awaited after every replica was scraped, because another request's has replaced it."""
    exemplars = world.transport.answers[EXEMPLARS]
    for series in exemplars["data"]:
        series["exemplars"] = [one for one in series["exemplars"] if one["labels"]["trace_id"] != TRACE]
    story = build_story(world.gather())
    assert story.exemplar is not None
    assert not story.exemplar.is_ours
    assert world.seconds < 1


@pytest.mark.parametrize(
    ("paths", "name"),
    [
        ([TRACE_PATH], "Jaeger"),
        ([LOKI], "Log store"),
        ([SAMPLES, EXEMPLARS], "Prometheus"),
        (["/api/v2/alerts"], "Alertmanager"),
        (["/api/inbox"], "Console"),
    ],
)
def test_a_server_that_is_down_is_one_note(world: World, paths: list[str], name: str) -> None:
    """A server that is down is reported in one note, and the rest of the story is shown without waiting."""
    for path in paths:
        world.transport.answers[path] = DOWN
    story = build_story(world.gather())
    (note,) = story.notes
    assert note.startswith(f"{name} does not respond at http://127.0.0.1:")
    assert world.seconds < 1
    assert story.order is not None
    assert (story.trace is None) == (name == "Jaeger")
    assert (not story.logs) == (name == "Log store")


def test_an_order_is_placed(world: World) -> None:
    """An order is placed for a product in stock, and its IDs are those of the response."""
    world.evidence = Evidence(world.evidence.addresses)
    subject.place_order(world.evidence, world.clients, choose=lambda products: products[-1])
    assert (world.evidence.order_id, world.evidence.request_id, world.evidence.trace_id) == (ORDER, REQUEST, TRACE)
    assert world.transport.asked[-1][3] == {"items": [{"product_id": "mug", "quantity": 1}]}


def test_without_stock_nothing_is_placed(world: World) -> None:
    """Without stock no order is placed, and the reason is reported."""
    world.transport.answers["/api/v1/products"] = {"items": [{"id": "sold-out", "stock": 0}]}
    with pytest.raises(subject.NothingFound, match="in stock"):
        subject.place_order(world.evidence, world.clients)


def test_a_refused_order_is_an_error(world: World) -> None:
    """A refused order raises an error with the shop's message."""
    world.transport.answers["/api/v1/orders"] = Reply(503, {}, {"detail": "The database does not answer."})
    with pytest.raises(BadAnswer, match="database"):
        subject.place_order(world.evidence, world.clients)


def test_an_order_is_found_at_the_shop(world: World) -> None:
    """The shop's order contains its request ID and its trace ID."""
    world.evidence.request_id = world.evidence.trace_id = ""
    subject.find_order(world.evidence, world.clients, world.now)
    assert (world.evidence.request_id, world.evidence.trace_id) == (REQUEST, TRACE)


def test_an_order_is_found_in_the_logs_when_the_shop_is_down(world: World) -> None:
    """If the shop is down, the order's IDs are read from its log lines, and a note names the shop."""
    world.evidence.request_id = world.evidence.trace_id = ""
    world.transport.answers[ORDER_PATH] = DOWN
    subject.find_order(world.evidence, world.clients, world.now)
    assert (world.evidence.request_id, world.evidence.trace_id) == (REQUEST, TRACE)
    assert world.evidence.notes[0].startswith("API does not respond")


def test_an_unknown_order_is_reported(world: World) -> None:
    """An order that neither the shop nor the logs contain raises an error."""
    world.transport.answers[ORDER_PATH] = Reply(404)
    with pytest.raises(subject.NothingFound, match=ORDER):
        subject.find_order(world.evidence, world.clients, world.now)
    world.transport.answers |= {ORDER_PATH: DOWN, LOKI: {"data": {"result": []}}}
    with pytest.raises(subject.NothingFound, match="log store"):
        subject.find_order(world.evidence, world.clients, world.now)


def test_a_request_is_found_by_its_lines(world: World) -> None:
    """A request is found by its log lines, which may arrive later and contain the order's ID."""
    world.evidence = Evidence(world.evidence.addresses, request_id=REQUEST)
    world.transport.answers[LOKI] = ({"data": {"result": []}}, world.transport.answers[LOKI])
    subject.find_request(world.evidence, world.clients, world.waiter, world.now)
    assert (world.evidence.trace_id, world.evidence.order_id) == (TRACE, ORDER)
    assert f'request_id="{REQUEST}"' in world.transport.asked[0][2]["query"]


def test_a_trace_is_found_by_its_spans(world: World) -> None:
    """A trace is found by its spans.

    The root span contains the order's ID, and the log lines contain the request's.
    """
    world.evidence = Evidence(world.evidence.addresses, trace_id=TRACE)
    subject.find_trace(world.evidence, world.clients, world.waiter, world.now)
    assert (world.evidence.request_id, world.evidence.order_id) == (REQUEST, ORDER)


def test_a_trace_is_shown_without_loki(world: World) -> None:
    """Without Loki a trace is shown and only the request ID is unknown."""
    world.evidence = Evidence(world.evidence.addresses, trace_id=TRACE)
    world.transport.answers[LOKI] = DOWN
    subject.find_trace(world.evidence, world.clients, world.waiter, world.now)
    assert (world.evidence.request_id, world.evidence.order_id) == ("", ORDER)


def test_an_unknown_request_or_trace_is_said(world: World) -> None:
    """An unknown request or trace is reported after a bounded wait, with the server that was queried."""
    world.transport.answers |= {LOKI: {"data": {"result": []}}, TRACE_PATH: Reply(404)}
    with pytest.raises(subject.NothingFound, match="log store"):
        subject.find_request(world.evidence, world.clients, world.waiter, world.now)
    with pytest.raises(subject.NothingFound, match="Jaeger"):
        subject.find_trace(world.evidence, world.clients, world.waiter, world.now)
    assert world.seconds <= 2 * subject.ARRIVAL_SECONDS + 1


def test_the_only_server_that_could_know_is_down(world: World) -> None:
    """If the only server that has the request is down, its error is raised."""
    world.transport.answers[LOKI] = DOWN
    with pytest.raises(Unreachable):
        subject.find_request(world.evidence, world.clients, world.waiter, world.now)
    assert issubclass(Unreachable, ServerError)


def test_a_request_without_an_order_is_shown(world: World, recorded: Callable[[str], Any]) -> None:
    """A request without an order, such as for a product page, is shown without a note about a missing order."""
    world.evidence = Evidence(world.evidence.addresses, request_id=REQUEST, trace_id=TRACE)
    story = build_story(world.gather())
    assert story.order is None
    assert story.notes == ()
    assert ORDER_PATH not in [url.removeprefix("http://127.0.0.1:8000") for _, url, _, _ in world.transport.asked]
