"""Decision records have one format, and the index lists them as they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "decisions"
RECORDS = sorted(FOLDER.glob("[0-9]*.md"))
LINKS = r"\[\d{4}\]\(\d{4}-\S+\.md\)(?:,\s+\[\d{4}\]\(\d{4}-\S+\.md\))*"
FORM = re.compile(
    r"# (?P<number>\d{4})\. (?P<title>[^\n]+)\n\n"
    rf"- Status: (?P<status>accepted|(?:accepted, partly )?superseded\s+by\s+{LINKS})\n"
    rf"(?:- Supersedes: (?P<whole>{LINKS})\n)?(?:- Supersedes in part: (?P<part>{LINKS})\n)?"
    r"- Date: (?P<date>\d{4}-\d\d-\d\d)\n\n"
    r"## Context\n\n(?P<context>.+?)\n\n## Decision\n\n(?P<decision>.+?)\n\n## Consequences\n\n(?P<consequences>.+)\n",
    re.DOTALL,
)
ROW = re.compile(r"^\| \[(\d{4})\]\((\S+)\) \| (.+) \| (\d{4}-\d\d-\d\d) \| (.+) \|$", re.MULTILINE)


def parsed(record: Path) -> re.Match[str]:
    """Return the parts of a record."""
    found = FORM.fullmatch(record.read_text())
    assert found, f"{record.name} does not have the format of docs/decisions/README.md"
    return found


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_record_has_the_format(record: Path) -> None:
    """Number and name agree with the file; status, date and the three sections are present."""
    found = parsed(record)
    assert record.name.startswith(found["number"] + "-")
    assert not re.search(r"^## ", found["context"] + found["decision"] + found["consequences"], re.MULTILINE)


def targets(text: str | None) -> set[tuple[str, str]]:
    """Return number and file of each link."""
    return set(re.findall(r"\[(\d{4})\]\((\S+)\)", text or ""))


def supersessions() -> tuple[set[tuple[str, str, bool]], set[tuple[str, str, bool]]]:
    """Return what old records state, and what new ones state: old file, new file, and whether all of it is replaced."""
    old, new = set(), set()
    for path in RECORDS:
        found = parsed(path)
        whole = found["status"].startswith("superseded")
        old |= {(path.name, file, whole) for _, file in targets(found["status"])}
        new |= {(file, path.name, True) for _, file in targets(found["whole"])}
        new |= {(file, path.name, False) for _, file in targets(found["part"])}
    return old, new


def test_a_superseded_record_and_its_successor_name_each_other() -> None:
    """The status of the old record and the line "Supersedes" of the new one agree, and the new one is later."""
    old, new = supersessions()
    assert old == new
    assert len(old) > 5
    assert [(before, after) for before, after, _ in old if before >= after] == []


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_link_shows_the_number_of_its_record(record: Path) -> None:
    """The number that a link to another record shows is that of the file."""
    assert [link for link in targets(record.read_text()) if not link[1].startswith(link[0] + "-")] == []


def test_the_index_lists_every_record() -> None:
    """Number, file, title, date and status of each row are those of the record; numbers have no gap."""
    rows = ROW.findall((FOLDER / "README.md").read_text())
    records = [
        (found["number"], path.name, found["title"], found["date"]) for path in RECORDS for found in [parsed(path)]
    ]
    assert [row[:4] for row in rows] == records
    # A status with two links is longer than a line.
    written = [" ".join(parsed(path)["status"].split()) for path in RECORDS]
    statuses = [re.sub(r"\[(\d{4})\]\(\S+\)", r"\1", status) for status in written]
    assert [re.sub(r"\[(\d{4})\]\(\S+\)", r"\1", row[4]) for row in rows] == statuses
    assert [int(row[0]) for row in rows] == list(range(1, len(rows) + 1))
    dates = [row[3] for row in rows]
    assert dates == sorted(dates)
    assert len(rows) > 50
