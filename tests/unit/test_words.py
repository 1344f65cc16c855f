"""Names that were replaced do not come back; the glossary is short; every make target that a text names exists."""

from __future__ import annotations

import re

import pytest

from tests.unit.words import ROOT, occurrences, tracked

MOST_TERMS = 25
NAMED = re.compile(r"(?:`|^|\$ | {4})make ([a-z][a-z-]*)\b", re.MULTILINE)
"""In prose a target is named between backticks; in a block of commands a line begins with it."""
TEXTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/", "alerts/runbooks/", "console/", "lab/", "stack/")


def test_replaced_names_do_not_occur() -> None:
    """In no tracked file; the message names the place and the name that is used now."""
    found = [one for path in tracked() for one in occurrences(path, (ROOT / path).read_text(errors="replace"))]
    assert found == []


@pytest.mark.parametrize(
    "text", ["the saboteur did it", "it was Mended", "a horse", "jobs_per_horse", "class Told:", "run make soak now"]
)
def test_a_replaced_name_is_found(text: str) -> None:
    """Also in another case, and within an identifier."""
    assert list(occurrences("docs/a.md", text))


@pytest.mark.parametrize("text", ["RQ's work-horse", "recommended", "amendment", "make load PROFILE=soak", "he told"])
def test_ordinary_words_are_permitted(text: str) -> None:
    """RQ's own term, and words that contain a replaced one."""
    assert not list(occurrences("docs/a.md", text))


@pytest.mark.parametrize("path", ["app/a.py", "tests/unit/test_a.py", "lab/a.py", "lab/drills/a.yaml", "faults/a.md"])
@pytest.mark.parametrize("text", ["he told", "Nobody", "def _tell(", "test_a_is_told", "_nobody", "in vain", "is had"])
def test_words_that_are_ordinary_only_in_documents(path: str, text: str) -> None:
    """Python files and all files of lab and faults must not use them, nor identifiers that contain them."""
    assert list(occurrences(path, text))


@pytest.mark.parametrize("text", ["file.tell()", "intelligent", "Intel", "a new one", "recommended"])
def test_similar_words_are_permitted_in_code(text: str) -> None:
    """A method of files, and words that contain a forbidden one."""
    assert not list(occurrences("app/a.py", text))


def test_the_glossary_is_short_and_sorted() -> None:
    """At most 25 terms, in alphabetical order, each with a meaning."""
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
    """The targets of the Makefile that people call; the parts of ``check`` are its own."""
    found = re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return {name for name in found if not name.startswith("check-")}


def test_every_target_that_is_named_exists() -> None:
    """In README, docs, runbooks, the console's pages and the messages of the tools."""
    named = {
        (path, name)
        for path in tracked()
        if path.startswith(TEXTS)
        for name in NAMED.findall((ROOT / path).read_text(errors="replace"))
    }
    assert len({name for _, name in named}) > 15
    assert {(path, name) for path, name in named if name not in targets()} == set()


def test_every_target_has_help_in_a_group() -> None:
    """`make help` shows each target under one of its groups."""
    groups: dict[str, list[str]] = {}
    for line in (ROOT / "Makefile").read_text().splitlines():
        if line.startswith("## "):
            groups[line[3:]] = []
        elif found := re.match(r"([a-z-]+):.*## .", line):
            groups[list(groups)[-1]].append(found[1])
    assert list(groups) == ["Run", "Break", "Measure", "Develop", "Docker"]
    assert {name for names in groups.values() for name in names} == targets()
