"""Numbers of things in README.md are those of the repository."""

from __future__ import annotations

import re

from faults.definitions import FAULTS
from stack.paths import ROOT
from tests.rules.alerts import rules

README = (ROOT / "README.md").read_text()
NUMBERS = {7: "seven", 8: "eight", 9: "nine", 10: "ten"}


def test_the_numbers_of_alerts() -> None:
    """README states how many alerts there are, and how many the table of measured drills has."""
    table = (ROOT / "docs" / "reference" / "drills.md").read_text().partition("| drill | fault | alert |")[2]
    drilled = set(re.findall(r"^\|[^|]*\|[^|]*\| ([A-Z]\w+) \|", table, re.MULTILINE))
    stated = re.findall(r"(\d+) of (\d+) alerts", README)
    assert len(stated) == 2
    assert set(stated) == {(str(len(drilled)), str(len({rule["alert"] for rule in rules()})))}


def test_the_numbers_of_faults_and_dashboards() -> None:
    """README states how many faults and dashboards there are."""
    assert re.findall(r"\[(\d+) faults\]", README) == [str(len(FAULTS))]
    dashboards = len(list((ROOT / "grafana" / "dashboards").glob("*.json")))
    assert re.findall(r"(\w+) dashboards runs", README) == [NUMBERS[dashboards]]
