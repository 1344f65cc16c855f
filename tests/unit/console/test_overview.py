"""The overview: the map from the service graph, the objectives, and the complete page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from console.inbox.store import Inbox
from console.overview.questions import NOW, SLO, TRENDS
from console.overview.servicemap import service_map
from console.overview.slos import slo_tiles
from console.servers.prometheus import Sample
from tests.unit.console.consoles import FakedConsole, faked_console, vector

RULES = Path(__file__).parents[3] / "alerts" / "rules"
NONE: dict[str, list[Sample]] = {name: [] for name in ("calls", "failed", "p95", "up", "replicas")}


def edge(client: str, server: str, value: float, kind: str = "") -> Sample:
    return Sample({"client": client, "server": server, "connection_type": kind}, value)


def drawn(
    calls: list[Sample], queued: float | None = None, **more: list[Sample]
) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Return the edges by their ends and the nodes by their ID."""
    shown = service_map(NONE | {"calls": calls} | more, queued)
    return {(one["from"], one["to"]): one for one in shown["edges"]}, {one["id"]: one for one in shown["nodes"]}


def test_a_message_goes_through_the_queue() -> None:
    """A message of several senders has one edge from the queue, with the slower latency of them."""
    calls = [edge("api", "worker", 2, "messaging_system"), edge("sweeper", "worker", 1, "messaging_system")]
    late = [edge("api", "worker", 0.5, "messaging_system"), edge("sweeper", "worker", 3.0, "messaging_system")]
    edges, nodes = drawn(calls, 7.0, p95=late)
    assert {ends: one["calls"] for ends, one in edges.items()} == {
        ("api", "queue"): 2, ("sweeper", "queue"): 1, ("queue", "worker"): 3,
    }  # fmt: skip
    assert edges["queue", "worker"]["p95"] == 3.0
    assert (nodes["queue"]["kind"], nodes["queue"]["waiting"]) == ("queue", 7.0)


def test_who_did_not_answer_is_named_by_who_asked() -> None:
    """A call without a server span belongs to the server that its caller names.

    Examples are a charge that failed before the payment service started a span, and a message that waits for a
    receiver.
    """
    calls = [edge("worker", "unknown", 1), edge("worker", "payments", 2), edge("worker", "mail", 4)]
    calls += [edge("api", "unknown", 2), edge("api", "worker", 3, "messaging_system")]
    edges, nodes = drawn(calls, failed=[edge("worker", "unknown", 1)])
    assert (edges["worker", "payments"]["calls"], edges["worker", "payments"]["failed"]) == (3, 1)
    assert edges["api", "queue"]["calls"] == 5
    assert edges["worker", "mail"]["calls"] == 4
    assert nodes["mail"]["kind"] == "mail"
    assert "unknown" not in nodes


def test_the_one_who_looks_is_left_out() -> None:
    """Calls from and to the console, and those of the log gateway, which serves it, are left out."""
    edges, nodes = drawn(
        [
            edge("user", "console", 5),
            edge("console", "api", 5),
            edge("log-gateway", "victorialogs", 2),
            edge("user", "api", 1),
        ]
    )
    assert set(edges) == {("user", "api")}
    assert set(nodes) == {"user", "api"}


def test_an_edge_has_its_failures_and_its_p95() -> None:
    """An edge has its failures and its p95.

    A latency that is not a number is null, and an edge without calls is left out.
    """
    calls = [edge("worker", "payments", 4), edge("payments", "mongodb", 1), edge("api", "redis", 0)]
    late = [edge("worker", "payments", 0.25), edge("payments", "mongodb", float("nan"))]
    edges, nodes = drawn(calls, failed=[edge("worker", "payments", 1)], p95=late)
    assert (edges["worker", "payments"]["failed"], edges["worker", "payments"]["p95"]) == (1, 0.25)
    assert (edges["payments", "mongodb"]["failed"], edges["payments", "mongodb"]["p95"]) == (0, None)
    assert ("api", "redis") not in edges
    assert (nodes["mongodb"]["name"], nodes["mongodb"]["kind"]) == ("MongoDB", "store")


def test_a_service_says_how_many_of_it_are_up() -> None:
    """A service has the number of replicas that are up; 0 of 2 differs from an unknown number."""
    of = [Sample({"job": "api"}, 2)]
    _, nodes = drawn([edge("user", "api", 1), edge("api", "other", 1)], replicas=of)
    assert (nodes["api"]["up"], nodes["api"]["of"]) == (0, 2)
    assert "of" not in nodes["other"]


def slo(name: str, value: float) -> Sample:
    return Sample({"slo": name, "service": "api"}, value)


def test_the_objective_with_least_left_comes_first() -> None:
    """The objective with the least budget left comes first, and each has a state.

    The state of an objective without numbers is unknown.
    """
    tiles = slo_tiles(
        {
            "objective": [slo("new", 0.99), slo("fine", 0.999), slo("spent", 0.999), slo("burning", 0.999)],
            "budget": [slo("fine", 0.9), slo("spent", -0.2), slo("burning", 0.5), slo("new", float("nan"))],
            "burn": [slo("fine", 0.2), slo("spent", 3), slo("burning", 14), slo("removed", 1)],
        }
    )
    assert [(tile["slo"], tile["state"]) for tile in tiles] == [
        ("spent", "spent"), ("burning", "burning"), ("fine", "kept"), ("new", "unknown"),
    ]  # fmt: skip
    assert "budget" not in tiles[-1]


def test_no_objectives_are_no_tiles() -> None:
    """Without objectives, as when Prometheus does not respond or has not evaluated the rules, there are no tiles."""
    assert slo_tiles({"objective": None}) == slo_tiles({}) == []


def test_every_series_of_an_objective_is_recorded_by_a_rule() -> None:
    """Every series of an objective is recorded by a rule, so that a renamed rule cannot empty the tiles."""
    groups = [group for path in RULES.glob("*.yml") for group in yaml.safe_load(path.read_text())["groups"]]
    recorded = {rule["record"] for group in groups for rule in group["rules"] if "record" in rule}
    assert set(SLO.values()) <= recorded


def answering(transport: Any) -> Any:
    """Give the same response to every query of Prometheus."""
    transport.answers |= {"/api/v1/query": vector(({}, 1)), "/api/v1/query_range": {"data": {"result": []}}}
    return transport


@pytest.fixture
def make(inbox: Inbox, tmp_path: Path, fake_transport: type) -> Callable[..., FakedConsole]:
    """Return a console whose servers give these responses."""
    return lambda answers: faked_console(inbox, tmp_path, fake_transport(answers))


LOKI = "/loki/api/v1/query_range"
LINES = {"data": {"result": []}}


def test_one_question_answers_the_whole_page(make: Callable[..., FakedConsole]) -> None:
    """One request sends every query once, and another request within two seconds sends none."""
    it = make({"/api/v2/alerts": [], LOKI: LINES})
    answering(it.transport)
    shown = it.client.get("/api/overview").json
    assert shown["notes"] == []
    assert shown["alerts"] == []
    assert shown["numbers"]["unfinished"] == 1
    asked = [query["query"] for _, url, query, _ in it.transport.asked if "/api/v1/query" in url and "loki" not in url]
    assert sorted(asked) == sorted([*NOW.values(), *SLO.values(), *TRENDS.values()])
    before = len(it.transport.asked)
    assert it.client.get("/api/overview").json == shown
    assert len(it.transport.asked) == before


def test_what_does_not_answer_is_named_and_the_rest_is_shown(make: Callable[..., FakedConsole]) -> None:
    """If Loki and Alertmanager are down, they are named in notes, and the map is shown."""
    down = requests.ConnectionError("refused")
    it = make({"/api/v2/alerts": down, LOKI: down})
    answering(it.transport)
    answer = it.client.get("/api/overview")
    assert answer.status_code == 200
    assert answer.json["alerts"] is None
    assert answer.json["slowest"] is None
    assert answer.json["map"]["edges"]
    assert sorted(note.split()[0] for note in answer.json["notes"]) == ["Alertmanager", "Log"]


def test_with_everything_down_there_is_still_a_page(make: Callable[..., FakedConsole]) -> None:
    """With every server down there is still a page, with one note per server."""
    down = requests.ConnectionError("refused")
    paths = ("/api/v1/query", "/api/v1/query_range", "/api/v2/alerts", LOKI)
    shown = make(dict.fromkeys(paths, down)).client.get("/api/overview").json
    assert len(shown["notes"]) == 3
    assert shown["map"] == {"nodes": [], "edges": []}
    assert shown["slos"] == []
    assert set(shown["numbers"].values()) == {None}
