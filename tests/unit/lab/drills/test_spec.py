"""An invalid declaration is reported with file and position, and the catalogue's declarations match the stack."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pytest

from faults.definitions import FAULTS
from lab.drills.spec.model import Drill
from lab.drills.spec.reader import UnknownDrill, WrongDeclaration, chosen, read, scenarios
from tests.rules.alerts import rules

GOOD = """\
title: Nothing answers
lesson: A cause pages once.
fault: {stop: [api-1]}
"""
DRILLS = scenarios()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must be a mapping"),
        ("- a", "must be a mapping"),
        ("title: [", "expected the node content"),
        ("title: x", "fault: is missing"),
        (GOOD + "name: other", "name: is taken from the file name, remove it"),
        (GOOD + "colour: red", "colour: is not a valid key"),
        (GOOD + "load: {reads: 3, rads: 3}", "load.rads: is not a valid key"),
        (GOOD + "lasts: -1", "lasts: Input should be greater than or equal to 0"),
        (GOOD + "load: {reads: 1000}", "load.reads: Input should be less than or equal to 50"),
        (GOOD + "expect: {page: {alert: ApiDown}}", "expect.page.within: is missing"),
        (GOOD + "expect: {may: [api-down]}", "expect.may.0: String should match pattern"),
        (GOOD + "find: [{what: a line}]", "find.0: exactly one of log, trace, metric is required"),
        (
            GOOD + "find: [{what: a line, log: '{a=\"b\"}', metric: up}]",
            "find.0: exactly one of log, trace, metric is required",
        ),
        (GOOD.replace("stop:", "burn:"), "fault.burn: is not a valid key"),
        (GOOD.replace("{stop: [api-1]}", "{}"), "fault: exactly one of switch, stop, kill, pause"),
        (GOOD.replace("[api-1]", "[api-1], kill: [api-2]"), "fault: exactly one of"),
        (GOOD.replace("[api-1]", "['../x']"), "fault.stop.0: String should match pattern"),
        (
            GOOD.replace("[api-1]", "[api-1], parameters: {percent: 1}"),
            "fault: parameters are only valid with a switch",
        ),
    ],
)
def test_bad_declarations(tmp_path: Path, text: str, said: str) -> None:
    """An invalid declaration is reported with one line per error: the file, the position and the reason."""
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(WrongDeclaration) as error:
        read(path)
    assert any(line.startswith(f"{path}: ") and said in line for line in str(error.value).splitlines()), error.value


def test_all_errors_of_all_files(tmp_path: Path) -> None:
    """All errors of all files are reported, not only the first."""
    (tmp_path / "one.yaml").write_text("title: x")
    (tmp_path / "two.yaml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "three.yaml").write_text(GOOD)
    with pytest.raises(WrongDeclaration) as error:
        scenarios(tmp_path)
    assert "one.yaml: lesson: is missing" in str(error.value)
    assert "two.yaml: " in str(error.value)
    assert "three.yaml" not in str(error.value)


def test_an_invalid_name_is_refused(tmp_path: Path) -> None:
    """A name must match a pattern, because names become file names and addresses."""
    path = tmp_path / "Wrong Name.yaml"
    path.write_text(GOOD)
    with pytest.raises(WrongDeclaration, match="name: String should match pattern"):
        read(path)


def test_choosing() -> None:
    """Drills are chosen by name in the given order, or as `quick` or `all`.

    `all` leaves out the false-alarms drill and alternates drills that page with drills that do not.
    """
    assert [drill.name for drill in chosen(DRILLS, ["redis-pause", "cache-off"])] == ["redis-pause", "cache-off"]
    assert [drill.name for drill in chosen(DRILLS, ["quick"])] == [name for name, one in DRILLS.items() if one.quick]
    every = chosen(DRILLS, ["all"])
    assert {drill.name for drill in every} == DRILLS.keys() - {"false-alarms"}
    assert [bool(drill.expect.page) for drill in every[:6]] == [True, False] * 3
    with pytest.raises(UnknownDrill, match=r"no drill flood: use all, quick, or one of api-errors, "):
        chosen(DRILLS, ["flood"])


def test_every_fault_has_its_drill() -> None:
    """Every fault has a drill of the same name."""
    assert FAULTS.keys() <= DRILLS.keys()
    assert [name for name in FAULTS if DRILLS[name].fault.switch != name] == []


@pytest.mark.parametrize("drill", DRILLS.values(), ids=str)
def test_the_fault_can_be_switched_on(drill: Drill) -> None:
    """The shop has the declared fault, accepts its parameters and allows its duration."""
    if drill.fault.switch:
        FAULTS[drill.fault.switch].checked(drill.fault.parameters)
    assert drill.longest <= 3600


@functools.cache
def severities_by_alert() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for rule in rules():
        found.setdefault(rule["alert"], set()).add(rule["labels"]["severity"])
    return found


@pytest.mark.parametrize("drill", DRILLS.values(), ids=str)
def test_the_alerts_are_there(drill: Drill) -> None:
    """Every expected alert exists with the severity for which it is expected."""
    severities = severities_by_alert()
    page = drill.expect.page.names if drill.expect.page else ()
    assert [name for name in page if "page" not in severities.get(name, ())] == []
    tickets = [name for one in drill.expect.tickets for name in one.names] + list(drill.expect.may)
    assert [name for name in tickets if "ticket" not in severities.get(name, ())] == []


@pytest.mark.parametrize("drill", [drill for drill in DRILLS.values() if drill.game], ids=str)
def test_games_have_three_hints(drill: Drill) -> None:
    """A game has three hints, and none of them contains the drill's name."""
    assert len(drill.hints) == 3
    assert not [hint for hint in drill.hints if re.search(rf"\b{drill.name}\b", hint)]
