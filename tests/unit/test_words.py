"""Replaced names do not return, the glossary is short, and every make target in a text exists."""

from __future__ import annotations

import re

import pytest

from stack.paths import ROOT
from tests.unit.words import occurrences, text_files

MOST_TERMS = 25
NAMED = re.compile(r"(?:`|^|\$ | {4})make ([a-z][a-z-]*)\b", re.MULTILINE)
"""A text names a target between backticks; in a block of commands the target is at the beginning of a line."""
TEXTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/", "alerts/runbooks/", "console/", "lab/", "stack/")


def test_replaced_names_do_not_occur() -> None:
    """No tracked file contains a replaced name; a failure lists the place and the current name."""
    found = [one for path in text_files() for one in occurrences(path, (ROOT / path).read_text(errors="replace"))]
    assert found == []


@pytest.mark.parametrize(
    "text",
    ["the saboteur did it", "a horse", "jobs_per_horse", "class Told:", "run make soak now"],  # prose: ignore
)
def test_a_replaced_name_is_found(text: str) -> None:
    """A replaced name is found in any case and within an identifier."""
    assert list(occurrences("docs/a.md", text))


@pytest.mark.parametrize("text", ["RQ's work-horse", "recommended", "amendment", "make load PROFILE=soak"])
def test_ordinary_words_are_permitted(text: str) -> None:
    """RQ's own term and words that contain a replaced name are permitted."""
    assert not list(occurrences("docs/a.md", text))


@pytest.mark.parametrize("name", ["_tell", "test_a_is_told", "nobody", "_nobody_2", "in_vain", "is_had", "Mended"])
def test_words_that_identifiers_must_not_contain(name: str) -> None:
    """These words are found within identifiers, which the prose linter does not check."""
    (found,) = occurrences("app/a.py", f"x = 1\n{name} = 2\n")
    assert found.startswith(f"app/a.py:2: '{name}'")


@pytest.mark.parametrize(
    "text",  # prose: ignore
    ["file.tell()", "intelligent", "Intel", "recommended", "'he told'", "1  # he told"],  # prose: ignore
)
def test_similar_names_and_prose_are_permitted_in_code(text: str) -> None:
    """A method of files, similar names and prose, which has its own check, are permitted."""
    assert not list(occurrences("app/a.py", f"x = {text}\n"))


def test_the_glossary_is_short_and_sorted() -> None:
    """The glossary has at most 25 terms, in alphabetical order, each with a meaning."""
    rows = [
        line.split("|")[1:-1]
        for line in (ROOT / "docs" / "reference" / "glossary.md").read_text().splitlines()
        if "|" in line
    ]
    terms = [term.strip() for term, _ in rows[2:]]
    assert 10 <= len(terms) <= MOST_TERMS
    assert terms == sorted(terms, key=str.lower)
    assert all(meaning.strip().endswith(".") for _, meaning in rows[2:])
    assert "docs/reference/glossary.md" in (ROOT / "README.md").read_text()


def targets() -> set[str]:
    """Return the targets of the Makefile."""
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_every_target_that_is_named_exists() -> None:
    """Every make target that a document, a runbook, a page of the console or a tool's message names exists."""
    named = {
        (path, name)
        for path in text_files()
        if path.startswith(TEXTS)
        for name in NAMED.findall((ROOT / path).read_text(errors="replace"))
    }
    assert len({name for _, name in named}) > 15
    assert {(path, name) for path, name in named if name not in targets()} == set()


def test_every_target_has_help_in_a_group() -> None:
    """`make help` shows each target under one of its groups, except for the parts of `check`."""
    groups: dict[str, list[str]] = {}
    for line in (ROOT / "Makefile").read_text().splitlines():
        if line.startswith("## "):
            groups[line[3:]] = []
        elif found := re.match(r"([a-z-]+):.*## .", line):
            groups[list(groups)[-1]].append(found[1])
    assert list(groups) == [
        "Run",
        "Faults and drills",
        "Measure (most targets need the running stack)",
        "Develop",
        "Docker",
    ]
    assert {name for names in groups.values() for name in names} == {
        name for name in targets() if not name.startswith("check-")
    }
