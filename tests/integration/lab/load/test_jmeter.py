"""The real JMeter with customers.jmx and a small HTTP server; takes about 20 s once JMeter is in the cache."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.load.generator.plan import Plan
from lab.load.jmeter import process
from lab.load.jmeter.process import JMeter
from lab.load.profiles.reading import chosen, read
from lab.load.run.process import GeneratorFailed
from lab.load.tally import API, Tally
from stack.jmeter import obtain
from stack.say import Say
from tests.integration.lab.load.shop_server import CONFIRMED_AFTER, Shop, serving

Lines = list[dict[str, Any]]
QUICK = {
    "THINK_LEAST_MS": "50",
    "THINK_MORE_MS": "100",
    "REST_SECONDS": "0.1 0.3",
    "POLL_SECONDS": "0.05 0.1 0.2",
    "STEPS": "4 4",
    "ORDER_SHARE": "0.5",
    "LOOKS": "product=50 page=20 search=15 my_orders=14 dead_link=1",
}
"""Pauses are short so that several visits take only seconds.

A visit has exactly four page views after the first page, so that they can be counted.
"""

USERS = 30
HOME = ("GET", "/api/v1/home", 200)
HOW, PROFILES = read()


@pytest.fixture(scope="module")
def home() -> Path:
    """Return JMeter's folder; JMeter is downloaded if necessary."""
    return obtain(Say())


@pytest.fixture(scope="module", autouse=True)
def quick_plan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Return the plan with short pauses."""
    folder = tmp_path_factory.mktemp("plan")
    for name in ("customers.jmx", "customer.groovy", "jmeter.properties"):
        shutil.copy(process.FOLDER / name, folder)
    plan = (folder / "customers.jmx").read_text()
    for variable, value in QUICK.items():
        plan, count = re.subn(rf'(Argument.name">{variable}</.*?Argument.value">)[^<]*', rf"\g<1>{value}", plan)
        assert count == 1, variable
    (folder / "customers.jmx").write_text(plan)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "FOLDER", folder)
        yield


def _plan(port: int, users: int, seconds: float) -> Plan:
    return Plan(
        f"http://127.0.0.1:{port}", "run", 1, chosen(PROFILES, "smoke", str(users), str(seconds / 60)), HOW, 0.5
    )


@pytest.fixture(scope="module")
def run(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shop, Lines]]:
    """Run thirty customers until there are over two visits each; return the server and the reported lines."""
    with serving() as (shop, port):
        lines: Lines = []
        # Stopped by the number of visits, because their rate depends on the speed of the machine.
        with JMeter(home, _plan(port, USERS, 40), tmp_path_factory.mktemp("run")) as client:
            for line in client.lines():
                lines.append(line)
                if line["users"] == USERS and shop.counts[HOME] > 2 * USERS:
                    client.stop()
        yield shop, lines


def _tally(lines: Lines) -> Tally:
    tally = Tally()
    for line in lines:
        tally.merge(Tally.from_json(line["fresh"]))
    return tally


def test_the_results_are_what_the_server_answered(run: tuple[Shop, Lines]) -> None:
    """Client and server have the same count for each method, route template and status; nothing failed."""
    shop, lines = run
    counted: Counter[tuple[str, str, int]] = Counter()
    tally = _tally(lines)
    for outcome, histogram in tally.outcomes.items():
        counted[outcome.method, outcome.route, outcome.status] += histogram.total
    assert counted == shop.counts
    assert shop.wrong == []
    assert not tally.errors
    assert lines[-1]["ended"] == "stopped"
    assert max(line["users"] for line in lines) == USERS


def test_every_visit_is_a_whole_one(run: tuple[Shop, Lines]) -> None:
    """Each visit has the first page and four views; customers with accounts register and log in, and view orders."""
    shop, lines = run
    visits = shop.counts[HOME]
    looks = sum(
        count
        for (method, route, _), count in shop.counts.items()
        if method == "GET" and route not in ("/api/v1/home", "/api/v1/orders/<order_id>")
    )
    assert visits > 2 * USERS
    # Only the last visit of each user may be incomplete.
    assert 4 * (visits - USERS) <= looks <= 4 * visits
    assert shop.counts["POST", "/api/v1/auth/register", 201] == len(shop.accounts) > 0
    assert shop.counts["POST", "/api/v1/auth/login", 200] > 0
    orders = lines[-1]["orders"]
    assert orders["placed"] == shop.counts["POST", "/api/v1/orders", 202] == len(shop.keys) > 0
    # Every status request for an order except the last finds it pending.
    assert orders["confirmed"] == sum(looks >= CONFIRMED_AFTER for looks in shop.looks) > 0
    assert max(shop.looks) == CONFIRMED_AFTER


def test_a_run_ends_after_its_duration(home: Path, tmp_path: Path) -> None:
    """A run ends after its duration, without a stop request."""
    with serving() as (_, port), JMeter(home, _plan(port, 1, 6), tmp_path) as client:
        assert list(client.lines())[-1]["ended"] == "done"


def test_a_failing_route_is_an_error_and_a_stop_ends_the_run(home: Path, tmp_path: Path) -> None:
    """A 500 response is reported as failed; after a stop request, JMeter ends long before its duration."""
    with serving() as (shop, port):
        shop.failing = "/home"
        lines: Lines = []
        with JMeter(home, _plan(port, 3, 120), tmp_path) as client:
            for line in client.lines():
                lines.append(line)
                if _tally(lines).errors:
                    client.stop()
    assert set(_tally(lines).errors) == {(API, 500)}
    assert lines[-1]["ended"] == "stopped"
    assert lines[-1]["at"] < 60


def test_a_plan_that_cannot_run_is_said(home: Path, tmp_path: Path) -> None:
    """An error of JMeter itself is reported, with its log file."""
    with (
        pytest.raises(GeneratorFailed, match=r"jmeter\.log"),
        JMeter(home / "nothing", _plan(1, 1, 6), tmp_path) as client,
    ):
        list(client.lines())


def test_a_script_that_fails_ends_the_run(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script error ends the run, because a failing script would also skip the pauses between requests."""
    plan = shutil.copytree(process.FOLDER, tmp_path / "plan")
    script = (plan / "customer.groovy").read_text()
    (plan / "customer.groovy").write_text(script.replace("case 'compile': return 0L", "case 'compile': return 0 / 0"))
    monkeypatch.setattr(process, "FOLDER", plan)
    with serving() as (_, port):
        with (
            pytest.raises(GeneratorFailed, match=r"JMeter reports an error.*JSR223"),
            JMeter(home, _plan(port, 1, 60), tmp_path) as client,
        ):
            list(client.lines())
        assert client.process.poll() is not None
