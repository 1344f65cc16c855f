"""The real Collector and its configuration with a real VictoriaLogs: the handling of unusual lines."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stack import logservers, programs, servers
from stack.components import Component
from stack.instance import Instance
from stack.paths import StatePaths
from stack.port_numbers import Ports
from stack.settings import Settings
from tests.integration.stack.conftest import PASSED_ON, free_offset
from tests.waiting import wait_until

TRACE = {"trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331"}


@contextmanager
def running(component: Component, log: Path) -> Iterator[None]:
    """Run a component until exit, and wait until it is ready."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [programs.find(component.program), *component.arguments],
            env=os.environ | dict(component.environment),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(f"{component.name} to be ready", lambda: component.ready() is None)  # type: ignore[func-returns-value]
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Run VictoriaLogs and a Collector that sends to it directly, as to a cluster."""
    state = tmp_path_factory.mktemp("pipeline")
    given = Instance(Settings(StatePaths(state), passed_on=PASSED_ON), Ports(free_offset()))
    given.paths.json_logs.mkdir(parents=True)
    endpoint = f"{given.ports.url('victorialogs')}/insert/opentelemetry/v1/logs"
    collector = servers.collector(given)
    collector = replace(collector, environment={**collector.environment, "LOGS_ENDPOINT": endpoint})
    with ExitStack() as stack:
        for component in (logservers.victorialogs(given), collector):
            given.paths.data(component.name).mkdir(parents=True)
            stack.enter_context(running(component, state / f"{component.name}.log"))
        yield given


def stored(instance: Instance, name: str, **fields: Any) -> dict[str, Any]:
    """Write one line as our processes do, and return its stored fields."""
    line = {
        "timestamp": datetime.now(UTC).isoformat(),
        "level": "info",
        "request_id": name,
        "message": "said",
        **fields,
    }
    with (instance.paths.json_logs / "probe-1.log").open("a") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
    query = urllib.parse.urlencode({"query": f'request_id:="{name}"'})

    def ask() -> dict[str, Any] | None:
        url = f"{instance.ports.url('victorialogs')}/select/logsql/query?{query}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            # A dict would silently drop a second field of the same name.
            lines = [json.loads(text, object_pairs_hook=once) for text in answer.read().splitlines()]
        return lines[0] if lines else None

    return wait_until(f"the line {name} in VictoriaLogs", ask)


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the pairs as a dict; duplicate names fail."""
    assert len({name for name, _ in pairs}) == len(pairs), pairs
    return dict(pairs)


def test_a_line_arrives_with_its_fields(instance: Instance) -> None:
    """The stream is service and level; the ids are fields that occur once each."""
    line = stored(instance, "plain", **TRACE)
    assert line["_stream"] == '{level="INFO",service.name="probe"}'
    assert line["_msg"] == "said"
    assert TRACE.items() <= line.items()


def test_names_are_spelled_as_loki_spells_them(instance: Instance) -> None:
    """Names contain letters, digits and underscores, and do not begin with a digit."""
    line = stored(instance, "names", **{"http.route": "/orders", "9lives": "cat", "größe": "1"})
    assert {"http_route": "/orders", "key_9lives": "cat", "gr__e": "1"}.items() <= line.items()


def test_a_long_line_is_cut_off_and_not_lost(instance: Instance) -> None:
    """A line is truncated at 256 KiB, as in Loki, and never within a character."""
    body = "a" + "€" * 100_000
    line = stored(instance, "long", message=body)
    assert line["_msg"] == body[: 1 + (262_144 - 1) // 3]


def test_an_empty_line_stays_empty(instance: Instance) -> None:
    """An empty line stays empty instead of getting the store's placeholder text."""
    assert "_msg" not in stored(instance, "empty", message="")


def test_more_fields_than_a_store_takes_do_not_cost_the_line(instance: Instance) -> None:
    """A line keeps 120 fields, including those used in searches; a name is truncated at 128 bytes."""
    line = stored(instance, "many", **{f"field_{number}": number for number in range(300)}, **{"n" * 200: "x"})
    assert sum(name.startswith(("field_", "n" * 100)) for name in line) < 120
    assert stored(instance, "name", **{"n" * 200: "x"})["n" * 128] == "x"


def test_ids_that_are_none_are_kept_as_they_are(instance: Instance) -> None:
    """Ids that the trace parser rejects are kept as fields, because they may still be informative."""
    assert stored(instance, "odd", trace_id="nonsense")["trace_id"] == "nonsense"
