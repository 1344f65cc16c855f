"""The inbox on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from console.inbox.store import Duplicate, Inbox, InboxUnavailable


def clock() -> datetime:
    """Return a fixed time."""
    return datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def reopen(tmp_path: Path) -> Callable[[], Inbox]:
    """Open the same file again, as after a restart."""
    return lambda: Inbox(tmp_path / "inbox.sqlite3", 3, clock)


def test_items_are_listed_newest_first(inbox: Inbox) -> None:
    """Items are listed newest first, with ID, kind and time."""
    inbox.add("alert", {"title": "first"})
    inbox.add("email", {"subject": "second"})
    newest, oldest = inbox.newest()
    assert newest == {"id": 2, "kind": "email", "received_at": "2026-11-23T04:00:02.000000Z", "subject": "second"}
    assert oldest["title"] == "first"


def test_items_survive_a_restart(inbox: Inbox, reopen: Callable[[], Inbox]) -> None:
    """An added item can be read by another process before the first has closed the file."""
    inbox.add("alert", {"title": "kept \ud83d\udd25 \udcff"})
    reopened = reopen()
    assert reopened.get(1) == inbox.get(1)
    reopened.close()


def test_each_kind_keeps_its_newest(inbox: Inbox) -> None:
    """New e-mails remove old e-mails and never an alert, and no ID is used twice."""
    inbox.add("alert", {"title": "kept"})
    for number in range(5):
        inbox.add("email", {"number": number})
    assert [item["id"] for item in inbox.newest()] == [6, 5, 4, 1]
    assert inbox.get(2) is None


def test_the_size_of_all_items_is_bounded(tmp_path: Path) -> None:
    """The total size is bounded: large items remove older ones earlier, and the newest item always stays."""
    inbox = Inbox(tmp_path / "small.sqlite3", 100, clock, max_bytes=100)
    for letter in "abc":
        inbox.add("email", {"text": letter * 40})
    inbox.add("email", {"text": "d" * 500})
    assert [item["id"] for item in inbox.newest()] == [4]
    inbox.close()


def test_the_list_can_be_narrowed(inbox: Inbox) -> None:
    """The list can be filtered by kind, by number, after an ID and since a time."""
    for kind in ("alert", "email", "alert"):
        inbox.add(kind, {})
    assert [item["id"] for item in inbox.newest(kind="alert")] == [3, 1]
    assert [item["id"] for item in inbox.newest(limit=1)] == [3]
    assert [item["id"] for item in inbox.newest(after_id=2)] == [3]
    assert [item["id"] for item in inbox.newest(since=datetime(2026, 11, 23, 4, 0, 2, tzinfo=UTC))] == [3, 2]


def test_a_broken_file_is_put_aside(tmp_path: Path, reopen: Callable[[], Inbox]) -> None:
    """A file that is not a database is renamed and not deleted, and does not stop the start."""
    (tmp_path / "inbox.sqlite3").write_bytes(b"this is no database at all" * 100)
    inbox = reopen()
    assert inbox.newest() == []
    assert len(list(tmp_path.glob("inbox.sqlite3.unreadable-*"))) == 1
    inbox.close()


def test_no_place_for_the_file_is_said(tmp_path: Path) -> None:
    """A directory that cannot be created raises ``InboxUnavailable`` with its path."""
    (tmp_path / "file").touch()
    with pytest.raises(InboxUnavailable, match="file"):
        Inbox(tmp_path / "file" / "inbox.sqlite3", 3, clock)


def test_a_failing_store_is_unavailable(inbox: Inbox) -> None:
    """A failure of SQLite raises ``InboxUnavailable``, so that the sender retries."""
    inbox.close()
    with pytest.raises(InboxUnavailable):
        inbox.add("alert", {})
    with pytest.raises(InboxUnavailable):
        inbox.newest()


def test_a_message_id_is_kept_once(inbox: Inbox, reopen: Callable[[], Inbox]) -> None:
    """A message ID is stored once, also after a restart; the first item stays and its ID is returned."""
    inbox.add("email", {"text": "first"}, "<1@shop>")
    inbox.add("email", {"text": "another"}, "<2@shop>")
    reopened = reopen()
    for one in (inbox, reopened):
        with pytest.raises(Duplicate) as found:
            one.add("email", {"text": "again"}, "<1@shop>")
        assert found.value.identity == 1
    assert [item["text"] for item in inbox.newest()] == ["another", "first"]
    reopened.close()


def test_items_without_a_message_id_are_all_kept(inbox: Inbox) -> None:
    """Items without a message ID are all stored, because Alertmanager repeats its notifications on purpose."""
    for _ in range(2):
        inbox.add("alert", {"title": "same"})
    assert len(inbox.newest(kind="alert")) == 2


def test_a_trimmed_message_may_come_again(inbox: Inbox) -> None:
    """A message that was trimmed can be stored again, because only items in the inbox count as duplicates."""
    for number in range(4):
        inbox.add("email", {}, f"<{number}@shop>")
    assert inbox.add("email", {}, "<0@shop>")["id"] == 5


def test_a_file_made_before_message_ids_is_taken_over(tmp_path: Path, reopen: Callable[[], Inbox]) -> None:
    """A file from before message IDs is migrated: its items stay, and message IDs count from then on."""
    old = sqlite3.connect(tmp_path / "inbox.sqlite3")
    old.execute(
        "CREATE TABLE items (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, received_at TEXT NOT NULL,"
        " size INTEGER NOT NULL, content TEXT NOT NULL)"
    )
    row = ("email", "2026-11-23T04:00:00.000000Z", 17, '{"text":"before"}')
    old.execute("INSERT INTO items (kind, received_at, size, content) VALUES (?, ?, ?, ?)", row)
    old.commit()
    old.close()
    inbox = reopen()
    inbox.add("email", {"text": "after"}, "<1@shop>")
    with pytest.raises(Duplicate):
        inbox.add("email", {"text": "again"}, "<1@shop>")
    assert [item["text"] for item in inbox.newest()] == ["after", "before"]
    inbox.close()


def test_a_large_inbox_is_trimmed_now_and_then(tmp_path: Path) -> None:
    """A large inbox is trimmed at intervals and never exceeds its limit by more than one per cent."""
    inbox = Inbox(tmp_path / "large.sqlite3", 200, clock)
    counts = []
    for _ in range(210):
        inbox.add("email", {})
        counts.append(len(inbox.newest(limit=1000)))
    assert max(counts) <= 202
    assert min(counts[200:]) >= 200
    inbox.close()
