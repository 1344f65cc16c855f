"""The clients, over recorded responses and over failures."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from console.servers.alertmanager import Alertmanager
from console.servers.errors import BadAnswer, NotConfigured, ServerError, TooSlow, Unreachable
from console.servers.http import JsonServer, Reply
from console.servers.inbox import ConsoleInbox
from console.servers.jaeger import Jaeger
from console.servers.loki import Loki, by_fields
from console.servers.prometheus import Prometheus
from console.servers.shop import FINAL, Shop
from shop.domain.order import NEXT

START, END = datetime(2026, 11, 23, 5, tzinfo=UTC), datetime(2026, 11, 23, 6, tzinfo=UTC)
ORDER = "ord_01a206d64eaa6533dcd70761a6ed47f7"
TRACE = "2c75bd6562d49b53faf190930b30a30e"


@pytest.fixture
def server(fake_transport: type) -> Callable[[Any], JsonServer]:
    """Return a server that gives the same response to every request."""

    class Always(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            return self["answer"]

    def make(answer: Any) -> JsonServer:
        transport = fake_transport({})
        transport.answers = Always(answer=answer)
        return JsonServer("Jaeger", "http://127.0.0.1:16686", transport)

    return make


def test_jaeger_gives_spans(server: Callable[[Any], JsonServer], recorded: Callable[[str], Any]) -> None:
    """Services, parents, kinds and events are read from Jaeger's format."""
    spans = Jaeger(server(recorded("jaeger_trace"))).trace(TRACE)
    by_name = {span.name: span for span in spans}
    root, publish, process = by_name["POST /api/v1/orders"], by_name["orders publish"], by_name["orders process"]
    assert {span.service for span in spans} == {"api", "worker", "payments"}
    assert (root.parent_id, root.kind, root.error) == (None, "server", None)
    assert root.instance in ("api-1", "api-2")
    assert (publish.parent_id, process.parent_id) == (root.span_id, publish.span_id)
    assert root.attributes["shop.order.id"] == ORDER
    assert root.events[0].name == "order.accepted"


def test_a_trace_that_jaeger_does_not_have_is_empty(server: Callable[[Any], JsonServer]) -> None:
    """A 404 of Jaeger means that the trace has no spans yet, and is not a failure."""
    content = {"data": None, "errors": [{"code": 404, "msg": "trace not found"}]}
    assert Jaeger(server(Reply(404, {}, content))).trace(TRACE) == []


def test_loki_gives_lines_in_order(server: Callable[[Any], JsonServer], recorded: Callable[[str], Any]) -> None:
    """Loki's lines are returned in time order over all streams, with service, level and span."""
    lines = Loki(server(recorded("loki_lines"))).lines(by_fields({"request_id": "x"}), START, END)
    assert [line.at_ns for line in lines] == sorted(line.at_ns for line in lines)
    assert lines[0].message == "order accepted"
    assert (lines[0].service, lines[0].level) == ("api", "INFO")
    assert {line.service for line in lines} == {"api", "nginx", "payments", "worker"}


def test_lokis_categorized_answers_are_read_too(server: Callable[[Any], JsonServer]) -> None:
    """Structured metadata that Loki returns next to the line is read as well."""
    values = [["1", "hello", {"structuredMetadata": {"span_id": "abc"}}]]
    answer = {"data": {"result": [{"stream": {"service_name": "api"}, "values": values}]}}
    (line,) = Loki(server(answer)).lines("{}", START, END)
    assert (line.span_id, line.service) == ("abc", "api")


def test_a_query_is_quoted() -> None:
    """Values in a query are quoted, so that no value can end its string."""
    assert by_fields({"request_id": 'a"\\', "trace_id": ""}) == '{service_name=~".+"} | request_id="a\\"\\\\"'


def test_prometheus_gives_exemplars(server: Callable[[Any], JsonServer], recorded: Callable[[str], Any]) -> None:
    """Each exemplar has its series, its value and its trace ID."""
    exemplars = Prometheus(server(recorded("exemplars"))).exemplars("x", START, END)
    (ours,) = [exemplar for exemplar in exemplars if exemplar.trace_id == TRACE]
    assert ours.series["http_route"] == "/api/v1/orders"
    assert 0 < ours.value < 1


def test_prometheus_gives_samples(server: Callable[[Any], JsonServer]) -> None:
    """An instant vector is read as labels and numbers."""
    answer = {"status": "success", "data": {"result": [{"metric": {"instance": "api-1"}, "value": [1, "1.5"]}]}}
    (sample,) = Prometheus(server(answer)).query("up")
    assert (sample.labels, sample.value) == ({"instance": "api-1"}, 1.5)


def test_alertmanager_gives_alerts(server: Callable[[Any], JsonServer], recorded: Callable[[str], Any]) -> None:
    """Active alerts are read with name and state."""
    (alert,) = Alertmanager(server(recorded("alerts"))).active()
    assert (alert.name, alert.state) == ("Watchdog", "active")


def test_the_console_gives_the_mails_of_an_order(
    server: Callable[[Any], JsonServer], recorded: Callable[[str], Any]
) -> None:
    """The e-mails of an order are returned, and those about other orders are not."""
    assert [mail.order_id for mail in ConsoleInbox(server(recorded("inbox"))).emails_of(ORDER)] == [ORDER]


def test_the_shop_takes_an_order(fake_transport: type) -> None:
    """Placing an order returns the IDs from the body and the headers of the response."""
    headers = {"x-request-id": "req", "x-trace-id": TRACE}
    transport = fake_transport({"/api/v1/orders": Reply(202, headers, {"id": ORDER})})
    placed = Shop(JsonServer("API", "http://shop", transport)).place("mug", 2)
    assert placed == (ORDER, "req", TRACE)
    assert transport.asked[0][3] == {"items": [{"product_id": "mug", "quantity": 2}]}


def test_the_shop_shows_an_order(fake_transport: type, recorded: Callable[[str], Any]) -> None:
    """An order is read with its states and IDs, and an unknown order is None."""
    shop = Shop(JsonServer("API", "http://shop", fake_transport({f"/api/v1/orders/{ORDER}": recorded("order")})))
    order = shop.order(ORDER)
    assert order is not None
    assert order.is_final
    assert [state.status for state in order.history] == ["pending", "reserved", "paid", "confirmed"]
    assert order.trace_id == TRACE
    assert shop.order("other") is None


def test_the_final_states_are_those_of_the_shop() -> None:
    """The console's list of final states matches the shop's, which the console does not import."""
    assert set(FINAL) == {status for status, following in NEXT.items() if not following}


@pytest.mark.parametrize(
    ("raised", "kind", "said"),
    [
        (requests.ConnectionError("[Errno 111] Connection refused"), Unreachable, "connection refused"),
        (requests.ConnectionError("reset"), Unreachable, "connection failed"),
        (requests.ConnectTimeout(), Unreachable, "no connection in time"),
        (requests.ReadTimeout(), TooSlow, "took more than 5 s"),
        (requests.exceptions.ContentDecodingError("too long"), BadAnswer, "too long"),
    ],
)
def test_a_failure_names_server_and_address(
    server: Callable[[Any], JsonServer], raised: Exception, kind: type[ServerError], said: str
) -> None:
    """A failure is reported in one line with the server, its address and the reason."""
    with pytest.raises(kind, match=said) as failure:
        Jaeger(server(raised)).trace(TRACE)
    assert str(failure.value).startswith("Jaeger ")
    assert "http://127.0.0.1:16686" in str(failure.value)


ODD: list[Any] = [
    None,
    [],
    {},
    {"data": 1},
    {"data": [{}]},
    {"data": {"result": [{}]}},
    {"data": {"result": [{"stream": 1}]}},
    "x",
]


@pytest.mark.parametrize("answer", ODD, ids=str)
def test_an_unexpected_answer_is_an_error_of_the_server(server: Callable[[Any], JsonServer], answer: Any) -> None:
    """An unexpected response raises nothing but ``ServerError``."""
    asked = server(Reply(200, {}, answer, "text"))
    for question in (
        lambda: Jaeger(asked).trace(TRACE),
        lambda: Loki(asked).lines("{}", START, END),
        lambda: Prometheus(asked).query("up"),
        lambda: Prometheus(asked).exemplars("up", START, END),
        lambda: Alertmanager(asked).active(),
        lambda: Shop(asked).products(),
        lambda: Shop(asked).order("x"),
        lambda: ConsoleInbox(asked).emails_of("x"),
    ):
        with contextlib.suppress(BadAnswer):
            assert not question()


def test_a_problem_says_its_detail(server: Callable[[Any], JsonServer]) -> None:
    """The error contains the detail and the request ID of a problem document, not its JSON."""
    content = {"detail": "The database does not answer.", "request_id": "req-1"}
    with pytest.raises(BadAnswer, match=r"status 503: The database does not answer\. \(request req-1\)$"):
        Shop(server(Reply(503, {}, content, "{…}"))).products()


def test_an_absent_server_says_how_to_name_it(fake_transport: type) -> None:
    """A server without an address is not queried, and the error names its setting."""
    with pytest.raises(NotConfigured, match="LOKI_URL"):
        JsonServer("Log store", "", fake_transport({})).ask("/")


@pytest.mark.parametrize(
    ("reply", "has_page"),
    [
        (Reply(200, {}, None, "<title>Jaeger UI</title>"), True),
        (Reply(200, {}, None, "<title>Test Page</title>"), False),
        (requests.ConnectionError(), False),
    ],
)
def test_jaegers_page_is_distinguished_from_its_placeholder(
    server: Callable[[Any], JsonServer], reply: Any, has_page: bool
) -> None:
    """Jaeger's page is distinguished from the placeholder that a Jaeger built as a Go module serves."""
    assert Jaeger(server(reply)).has_page() is has_page
