"""The independent client's customers behave as ours do."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from load.generating.visit import FINAL, PAGE
from load.profiles.reading import read

SCRIPT = (Path(__file__).parents[3] / "load" / "k6" / "customers.js").read_text()
HOW, _ = read()


def _list(pattern: str) -> list[object]:
    found = re.search(pattern, SCRIPT, re.DOTALL)
    assert found is not None, pattern
    parsed: list[object] = json.loads(found[1].replace("'", '"'))
    return parsed


def test_words_ends_and_pauses_are_ours() -> None:
    """What is searched for, when an order is final, how long a customer waits for it."""
    assert _list(r"WORDS = (\[.*?\])") == list(HOW.words)
    assert _list(r"FINAL = (\[.*?\])") == list(FINAL)
    assert _list(r"for \(const pause of (\[.*?\])\)") == list(HOW.poll_seconds)
    assert set(re.findall(r"limit=(\d+)", SCRIPT)) == {str(PAGE)}


def test_a_customer_looks_at_as_much_of_each() -> None:
    """The weights of ``profiles.yaml`` are where the die changes its mind."""
    names = {"product": "product", "page": "page", "search": "search", "home": "home", "my_orders": "my orders"}
    edge, edges = 0.0, {}
    for look, weight in HOW.looks.items():
        edge += weight
        edges[look] = edge
    assert edge == 100
    for look, name in names.items():
        assert re.search(rf"die < {edges[look]:g}\b.*named\('{name}'", SCRIPT), look
    # What is left of the hundred.
    assert re.search(r"\n  return ask\('GET', `/products/no-longer-sold-.*named\('dead link'\)", SCRIPT)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (r"sleep\(between\(([\d., ]+)\)\);\n    const body", HOW.think_seconds),
        (r"sleep\(between\(([\d., ]+)\)\);\n    const seen = look", HOW.think_seconds),
        (r"sleep\(between\(([\d., ]+)\)\);\n    order", HOW.think_seconds),
        (r"sleep\(between\(([\d., ]+)\)\);\n}\n$", HOW.rest_seconds),
        (r"let steps = whole\(([\d, ]+)\)", HOW.steps),
        (r"quantity: whole\(([\d, ]+)\)", HOW.quantity),
    ],
)
def test_pauses_and_numbers_are_ours(said: str, meant: tuple[float, float]) -> None:
    """Between steps, between visits; how many of each."""
    found = re.search(said, SCRIPT)
    assert found is not None
    assert tuple(float(number) for number in found[1].split(",")) == tuple(meant)


def test_shares_are_ours() -> None:
    """Who has an account, who comes back, who orders."""
    assert f"Math.random() < {HOW.log_in_share:g} ? {{ email" in SCRIPT
    assert f"Math.random() >= {1 - HOW.return_share:g})" in SCRIPT
    assert f"Math.random() < {HOW.order_share:g})" in SCRIPT
