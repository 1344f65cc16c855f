"""Replaced names do not return, the glossary is short, and every make target in a text exists."""

from __future__ import annotations

import re

import pytest

from tests.unit.words import ROOT, occurrences, tracked

MOST_TERMS = 25
NAMED = re.compile(r"(?:`|^|\$ | {4})make ([a-z][a-z-]*)\b", re.MULTILINE)
"""A text names a target between backticks; in a block of commands the target is at the beginning of a line."""
TEXTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/", "alerts/runbooks/", "console/", "lab/", "stack/")


def test_replaced_names_do_not_occur() -> None:
    """No tracked file contains a replaced name; a failure lists the place and the current name."""
    found = [one for path in tracked() for one in occurrences(path, (ROOT / path).read_text(errors="replace"))]
    assert found == []


@pytest.mark.parametrize(
    "text", ["the saboteur did it", "it was Mended", "a horse", "jobs_per_horse", "class Told:", "run make soak now"]
)
def test_a_replaced_name_is_found(text: str) -> None:
    """A replaced name is found in any case and within an identifier."""
    assert list(occurrences("docs/a.md", text))


@pytest.mark.parametrize("text", ["RQ's work-horse", "recommended", "amendment", "make load PROFILE=soak", "he told"])
def test_ordinary_words_are_permitted(text: str) -> None:
    """RQ's own term and words that contain a replaced name are permitted."""
    assert not list(occurrences("docs/a.md", text))


@pytest.mark.parametrize("path", ["app/a.py", "tests/unit/test_a.py", "lab/a.py", "lab/drills/a.yaml", "faults/a.md"])
@pytest.mark.parametrize("text", ["he told", "Nobody", "def _tell(", "test_a_is_told", "_nobody", "in vain", "is had"])
def test_words_that_are_ordinary_only_in_documents(path: str, text: str) -> None:
    """Some words are forbidden in Python files and in lab and faults, also within identifiers."""
    assert list(occurrences(path, text))


@pytest.mark.parametrize("text", ["file.tell()", "intelligent", "Intel", "a new one", "recommended"])
def test_similar_words_are_permitted_in_code(text: str) -> None:
    """A method of files and words that contain a forbidden word are permitted."""
    assert not list(occurrences("app/a.py", text))


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
    """Return the Makefile targets that people call, without the parts of ``check``."""
    found = re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return {name for name in found if not name.startswith("check-")}


def test_every_target_that_is_named_exists() -> None:
    """Every make target that a document, a runbook, a page of the console or a tool's message names exists."""
    named = {
        (path, name)
        for path in tracked()
        if path.startswith(TEXTS)
        for name in NAMED.findall((ROOT / path).read_text(errors="replace"))
    }
    assert len({name for _, name in named}) > 15
    assert {(path, name) for path, name in named if name not in targets()} == set()


def test_every_target_has_help_in_a_group() -> None:
    """`make help` shows every target in one of its groups."""
    groups: dict[str, list[str]] = {}
    for line in (ROOT / "Makefile").read_text().splitlines():
        if line.startswith("## "):
            groups[line[3:]] = []
        elif found := re.match(r"([a-z-]+):.*## .", line):
            groups[list(groups)[-1]].append(found[1])
    assert list(groups) == ["Run", "Break", "Measure", "Develop", "Docker"]
    assert {name for names in groups.values() for name in names} == targets()
