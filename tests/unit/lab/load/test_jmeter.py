"""The independent client's customers behave like ours, and it sends to this machine only."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from lab.load import address
from lab.load.generator.plan import Plan
from lab.load.generator.visit import FINAL, PAGE
from lab.load.jmeter.process import FOLDER, command, ramp_seconds
from lab.load.jmeter.results import COLUMNS, Results, StrangeResult
from lab.load.profiles.model import MOST_REQUESTS, WrongProfile
from lab.load.profiles.reading import chosen, read
from lab.load.tally import API, NO_ANSWER, Outcome

PLAN = ElementTree.parse(FOLDER / "customers.jmx").getroot()
SCRIPT = (FOLDER / "customer.groovy").read_text()
HOW, PROFILES = read()
HEAD = ",".join(COLUMNS) + "\n"


def _variables() -> dict[str, str]:
    """Return the plan's own variables."""
    return {
        str(entry.get("name")): entry.findtext("stringProp[@name='Argument.value']", "")
        for entry in PLAN.findall(".//TestPlan//elementProp[@elementType='Argument']")
    }


def _numbers(name: str) -> tuple[float, ...]:
    return tuple(float(number) for number in _variables()[name].split())


def _plan(url: str = "http://127.0.0.1:24400", profile: str = "steady", minutes: str = "5") -> Plan:
    return Plan(url, "run", 1, chosen(PROFILES, profile, "1000", minutes), HOW)


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("REST_SECONDS", HOW.rest_seconds),
        ("STEPS", HOW.steps),
        ("LOG_IN_SHARE", (HOW.log_in_share,)),
        ("RETURN_SHARE", (HOW.return_share,)),
        ("ORDER_SHARE", (HOW.order_share,)),
        ("LINES", HOW.lines),
        ("QUANTITY", HOW.quantity),
        ("POLL_SECONDS", HOW.poll_seconds),
        ("PAGE", (PAGE,)),
        ("MOST_REQUESTS", (MOST_REQUESTS,)),
    ],
)
def test_pauses_shares_and_bounds_are_ours(variable: str, meant: tuple[float, ...]) -> None:
    """Each variable of the plan has the value of ``profiles.yaml``, and the script uses it."""
    assert _numbers(variable) == tuple(meant)
    assert f"'{variable}'" in SCRIPT


def test_customers_think_as_long_as_ours() -> None:
    """Think times are those of the profile.

    JMeter's timers take the minimum and the random extra in milliseconds.
    """
    least, most = HOW.think_seconds
    assert _numbers("THINK_LEAST_MS") == (1000 * least,)
    assert _numbers("THINK_MORE_MS") == (1000 * (most - least),)
    timers = PLAN.findall(".//UniformRandomTimer")
    assert len(timers) == 3
    for timer in timers:
        assert timer.findtext("stringProp[@name='ConstantTimer.delay']") == "${THINK_LEAST_MS}"
        assert timer.findtext("stringProp[@name='RandomTimer.range']") == "${THINK_MORE_MS}"


def test_looks_and_words_are_ours() -> None:
    """The weights of pages, the search words and the final states are those of the profile."""
    variables = _variables()
    looks = dict(look.split("=") for look in variables["LOOKS"].split())
    assert {look: float(weight) for look, weight in looks.items()} == dict(HOW.looks)
    assert all(f"case '{look}':" in SCRIPT for look in looks)
    assert tuple(variables["WORDS"].split(",")) == HOW.words
    assert tuple(variables["FINAL"].split()) == FINAL


def test_every_timer_and_decision_is_in_the_script() -> None:
    """The script handles every parameter that the plan's elements pass, and no others."""
    given = {entry.text for entry in PLAN.findall(".//stringProp[@name='parameters']")}
    known = set(re.findall(r"case '(\w+)': return", SCRIPT))
    assert given == known
    files = {entry.text for entry in PLAN.findall(".//stringProp[@name='filename']")}
    assert files == {"${__P(scripts,lab/load/jmeter)}/customer.groovy"}


def test_the_plan_can_send_to_this_machine_only() -> None:
    """The plan's address is a constant, and no request can reach another one.

    No request overrides the address, follows redirects or takes its path from a response alone.
    """
    assert [entry.text for entry in PLAN.findall(".//stringProp[@name='HTTPSampler.domain']")] == ["127.0.0.1"]
    assert not [entry for entry in PLAN.iter() if "proxy" in str(entry.get("name")).lower()]
    requests = PLAN.findall(".//HTTPSamplerProxy")
    assert len(requests) == 5
    for request in requests:
        path = request.findtext("stringProp[@name='HTTPSampler.path']", "")
        # A path that begins with a scheme would name another host, so the script's paths begin with a constant.
        assert path.startswith("/api/v1/") or (path == "${path}" and 'path: "$API$path"' in SCRIPT)
        for name in ("follow_redirects", "auto_redirects"):
            assert request.findtext(f"boolProp[@name='HTTPSampler.{name}']") == "false"
    assert "API = '/api/v1'" in SCRIPT


@pytest.mark.parametrize(
    "url",
    ["http://192.168.0.1:8000", "http://localhost:8000", "http://127.0.0.1:8000@example.com", "http://127.0.0.2:80"],
)
def test_another_address_is_refused(url: str) -> None:
    """An address other than this machine is refused before anything is started."""
    with pytest.raises(address.ForeignHost):
        command(Path("home"), _plan(url), Path("folder"), 1)


def test_the_command_gives_users_time_and_port() -> None:
    """The command passes users, time and port, and ramps up in a tenth of the time, as the profile does."""
    given = command(Path("/home"), _plan(), Path("/folder"), 24401)
    assert {"-Jport=24400", "-Jusers=1000", "-Jseconds=300", "-Jramp=30"} <= set(given)
    assert {"-Jjmeterengine.nongui.port=24401", "-Jjmeterengine.nongui.maxport=24401"} <= set(given)


@pytest.mark.parametrize("name", ["spike", "stress"])
def test_profiles_that_go_up_and_down_are_refused(name: str) -> None:
    """Profiles that go up and down are refused, because JMeter starts users at a constant rate and keeps them."""
    with pytest.raises(WrongProfile, match=name):
        ramp_seconds(_plan(profile=name).profile)
    with pytest.raises(WrongProfile, match="odd"):
        ramp_seconds(replace(PROFILES["stress"], name="odd"))


def test_results_are_read_while_they_are_written(tmp_path: Path) -> None:
    """Results are read while they are written: a line counts once it is complete.

    A dead link has the route of a product.
    """
    file = tmp_path / "results.csv"
    file.write_text(
        HEAD + "1,12,GET /api/v1/home,200,true,3,3,API,\n1,3,GET /api/v1/products/<product_id> (dead link),404,tr"
    )
    results = Results(file)
    first = results.fresh()
    assert set(first.outcomes) == {Outcome("GET", "/api/v1/home", 200, API, True)}
    assert first.durations.quantile(0.5) == pytest.approx(0.012, rel=0.02)
    with file.open("a") as more:
        more.write(
            "ue,7,7,API,\n"
            "1,9,GET /api/v1/home,Non HTTP response code: java.net.SocketException,false,7,7,no response,\n"
        )
    assert set(results.fresh().outcomes) == {
        Outcome("GET", "/api/v1/products/<product_id>", 404, API, True),
        Outcome("GET", "/api/v1/home", 0, NO_ANSWER, False),
    }
    assert (results.requests, results.users) == (3, 7)
    assert not results.fresh().count()


def test_orders_are_counted(tmp_path: Path) -> None:
    """Placed orders are counted by their final status, and orders that customers stopped polling as open."""
    file = tmp_path / "results.csv"
    placed = "1,1,POST /api/v1/orders,202,true,1,1,API,\n"
    seen = "1,1,GET /api/v1/orders/<order_id>,200,true,1,1,API,"
    file.write_text(f"{HEAD}{placed * 3}{seen}\n{seen}confirmed\n{seen}failed\n")
    results = Results(file)
    results.fresh()
    assert results.orders == {"placed": 3, "confirmed": 1, "failed": 1, "open": 1}


@pytest.mark.parametrize(
    "row", ["1,1,GET /api/v1/home,200,true,1,1,null,null", "1,1,rest,200,true,1,1,API,", "1,1,GET /a"]
)
def test_a_strange_result_is_an_error(tmp_path: Path, row: str) -> None:
    """An unexpected result raises an error and is not skipped."""
    file = tmp_path / "results.csv"
    file.write_text(f"{HEAD}{row}\n")
    with pytest.raises(StrangeResult):
        Results(file).fresh()
