"""Decimal numbers are found and returned as sent, which VictoriaLogs alone does not do."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
import requests

from tests.integration.log_gateway.gateway import Direct, running
from tests.integration.log_gateway.victorialogs import Line, VictoriaLogs, otlp

COUNT = 30
SECOND = 1_000_000_000


def _values(number: int) -> dict[str, str]:
    """More than eight distinct values, because the store keeps up to eight unchanged, in a dictionary."""
    return {
        "version": f"1.{number}0",
        "seconds": f"{number * 0.014366:.6f}",
        "grouped": f"{number + 1}_000",
        "address": f"10.0.00.{number}",
        "host": f"10.0.0.{number}",
        "whole": str(number),
        "power": f"{number}.5e0",
    }


def _lines(service: str) -> list[Line]:
    base = time.time_ns() - 60 * SECOND
    resource = {"service.name": service, "level": "INFO"}
    return [(base + number, f"{number}.50", resource, _values(number)) for number in range(COUNT)]


@pytest.fixture(scope="module")
def gateway(victorialogs: VictoriaLogs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Direct]:
    """Return a gateway through which the lines have been written."""
    with running(tmp_path_factory.mktemp("numbers"), victorialogs.url) as found:
        status, said = found.post("/otlp/v1/logs", otlp(_lines("numbers")), "application/x-protobuf")
        assert status == 200, said
        yield found


def _found(gateway: Direct, stages: str) -> list[dict[str, str]]:
    query = f'{{service_name="numbers"}} {stages}'
    answer = requests.get(
        f"{gateway.base}/loki/api/v1/query_range",
        params={"query": query, "limit": "1000", "direction": "forward"},
        timeout=20,
    )
    assert answer.status_code == 200, answer.text
    return [
        {**stream["stream"], "line": line} for stream in answer.json()["data"]["result"] for _, line in stream["values"]
    ]


def test_the_store_alone_changes_them(victorialogs: VictoriaLogs) -> None:
    """The negative control: values that bypass the gateway are changed. If they are not, the marks can be removed."""
    victorialogs.insert(_lines("changed"))
    query = '{"service.name"="changed"} | uniq by (version)'
    answer = requests.post(f"{victorialogs.url}/select/logsql/query", data={"query": query}, timeout=10)
    found = {json.loads(row)["version"] for row in answer.text.splitlines()}
    assert "1.1" in found
    assert "1.10" not in found


def test_values_and_lines_come_back(gateway: Direct) -> None:
    """All values are returned unchanged, whatever their form."""
    found = sorted(_found(gateway, ""), key=lambda one: int(one["whole"]))
    assert [one["line"] for one in found] == [f"{number}.50" for number in range(COUNT)]
    assert [{name: one[name] for name in _values(0)} for one in found] == [_values(number) for number in range(COUNT)]


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        ('| version = "1.10"', [1]),
        ('| version = "1.1"', []),
        ('| version =~ "1.1."', [1]),
        ('| version =~ ".*0"', list(range(COUNT))),
        ('| version =~ ".*e0"', []),
        ('| version !~ ".*e0"', list(range(COUNT))),
        ('| version !~ "1.[1-9]*0"', [0, 10, 20]),
        ('| version != "1.10" | whole < 3', [0, 2]),
        ('| power = "3.5e0"', [3]),
        ('| power =~ "3.5e0"', [3]),
        ('| power =~ "3.5"', []),
        ("| seconds > 0.4", [28, 29]),
        ("| seconds = 0.014366", [1]),
        ('| grouped = "2_000"', [1]),
        ('| address = "10.0.00.7"', [7]),
        ('| host = "10.0.0.7"', [7]),
        ('|= "7.50"', [7, 17, 27]),
        ('|= "e0"', []),
        ('!= "e0" | whole < 2', [0, 1]),
        ('|~ "^7.50$"', [7]),
        ('!~ "0$"', []),
    ],
)
def test_filters(gateway: Direct, stages: str, expected: list[int]) -> None:
    """Filters see the values as sent; counting in the store agrees with reading the lines."""
    assert sorted(int(one["whole"]) for one in _found(gateway, stages)) == expected
    counting = f'sum(count_over_time({{service_name="numbers"}} {stages} [10m]))'
    answer = requests.get(f"{gateway.base}/loki/api/v1/query", params={"query": counting}, timeout=20).json()
    counts = [int(one["value"][1]) for one in answer["data"]["result"]]
    assert counts == ([len(expected)] if expected else [])


def test_groups_and_bytes(gateway: Direct) -> None:
    """Labels of series have the values as sent, and marks do not count as bytes."""
    by_version = 'sum by (version) (count_over_time({service_name="numbers"} | whole < 2 [10m]))'
    answer = requests.get(f"{gateway.base}/loki/api/v1/query", params={"query": by_version}, timeout=20).json()
    assert [one["metric"] for one in answer["data"]["result"]] == [{"version": "1.00"}, {"version": "1.10"}]
    size = 'sum(bytes_over_time({service_name="numbers"} [10m]))'
    answer = requests.get(f"{gateway.base}/loki/api/v1/query", params={"query": size}, timeout=20).json()
    assert answer["data"]["result"][0]["value"][1] == str(sum(len(f"{number}.50") for number in range(COUNT)))
