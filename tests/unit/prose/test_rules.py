"""Each rule finds its bad sentences and no good ones, with one run of Vale for all of them."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.prose import vale
from stack.say import Say

CASES: Mapping[str, Mapping[str, list[str]]] = yaml.safe_load((Path(__file__).parent / "cases.yaml").read_text())
STYLE = Path(vale.__file__).parent / "styles" / "Glasshouse"
RULES: Mapping[str, Mapping[str, Any]] = {
    f"Glasshouse.{path.stem}": yaml.safe_load(path.read_text()) for path in STYLE.glob("*.yml")
}
SENTENCES = [(rule, kind, text) for rule, kinds in CASES.items() for kind, texts in kinds.items() for text in texts]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[vale.Finding]]:
    """Return the findings of Vale for each sentence."""
    folder = tmp_path_factory.mktemp("sentences")
    for index, (_, _, text) in enumerate(SENTENCES):
        (folder / f"{index}.md").write_text(f"{text}\n")
    findings = defaultdict(list)
    for one in vale.check(vale.program(Say(sys.stderr)), folder):
        findings[SENTENCES[int(one.path.removesuffix(".md"))][2]].append(one)
    return findings


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, kind, text in SENTENCES if kind == "bad"])
def test_a_bad_sentence_is_found_by_its_rule(found: Mapping[str, list[vale.Finding]], rule: str, text: str) -> None:
    """A bad sentence is found by its own rule and by no other, so that it proves that rule."""
    assert {one.rule for one in found[text]} == {rule}


@pytest.mark.parametrize("text", [text for _, kind, text in SENTENCES if kind == "good"])
def test_an_ordinary_sentence_passes(found: Mapping[str, list[vale.Finding]], text: str) -> None:
    """Words that contain a rejected word, and the same words with an ordinary meaning, are not found."""
    assert found[text] == []


def test_every_rule_has_bad_and_good_sentences() -> None:
    """Every rule has bad and good sentences, including the rules of Vale itself that are enabled."""
    assert CASES.keys() == RULES.keys() | {"Vale.Repetition"}
    assert all(kinds["bad"] and kinds["good"] for kinds in CASES.values())


@pytest.mark.parametrize("rule", RULES)
def test_every_pattern_finds_a_sentence(found: Mapping[str, list[vale.Finding]], rule: str) -> None:
    """Every pattern of every rule finds a sentence.

    Each replacement of a table occurs in a message, and other rules have a sentence for each pattern.
    """
    swap, tokens = RULES[rule].get("swap", {}), RULES[rule].get("tokens", [])
    messages = {one.message for text in CASES[rule]["bad"] for one in found[text]}
    assert {RULES[rule]["message"] % advice for advice in swap.values()} <= messages
    assert len(set(swap.values())) == len(swap)
    assert len(CASES[rule]["bad"]) >= len(tokens)


@pytest.mark.parametrize("rule", RULES)
def test_patterns_match_across_lines(rule: str) -> None:
    """Patterns match any white space, because prose is wrapped, and every rule fails the check."""
    patterns = [*RULES[rule].get("swap", {}), *RULES[rule].get("tokens", [])]
    assert patterns
    assert [pattern for pattern in patterns if re.search(r"\w ", pattern)] == []
    assert RULES[rule]["level"] == "error"
