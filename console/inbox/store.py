"""The inbox: alerts and e-mails as they were received, kept on disk.

It uses SQLite, because an item must be durable before its sender gets a response, and because the newest of ten
thousand items must be found, and the oldest deleted, without rewriting a file. An e-mail is stored once per Message-ID,
because senders repeat a message if they do not know whether it was accepted. Alerts are never deduplicated:
Alertmanager repeats them on purpose.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from console.times import rfc3339

Item = dict[str, Any]
"""An item of ``GET /api/inbox``: ``id``, ``kind``, ``received_at`` and the fields of its kind."""

KINDS = ("alert", "email")
MAX_BYTES = 64 * 1024 * 1024

_SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- AUTOINCREMENT: the id of a trimmed item is never reused
    kind TEXT NOT NULL,
    received_at TEXT NOT NULL,
    size INTEGER NOT NULL,
    content TEXT NOT NULL,
    message_id TEXT
)"""
# An older file has no such column: its items count as mail without a Message-ID.
_COLUMN = "ALTER TABLE items ADD COLUMN message_id TEXT"
_INDEX = "CREATE UNIQUE INDEX IF NOT EXISTS items_message_id ON items (message_id) WHERE message_id IS NOT NULL"
_TRIM = """
DELETE FROM items WHERE id IN (
    SELECT id FROM (
        SELECT id, row_number() OVER newest AS place, sum(size) OVER newest AS bytes
        FROM items WHERE kind = ? WINDOW newest AS (ORDER BY id DESC)
    ) WHERE place > ? OR (place > 1 AND bytes > ?)
)"""

log = logging.getLogger(__name__)


class InboxUnavailable(Exception):
    """The inbox could not be read or written (a full disk, a removed directory): the sender should try again."""


class Duplicate(Exception):
    """An item with this ``message_id`` is in the inbox; ``identity`` is its id."""

    def __init__(self, identity: int) -> None:
        super().__init__(f"inbox item {identity} has this message id already")
        self.identity = identity


class Inbox:
    """Thread-safe store of the newest ``keep`` items of each kind, at most ``max_bytes`` of content plus one per cent.

    Each kind has its own limit: every order sends an e-mail, so alerts would otherwise be trimmed within an hour.
    Trimming reads every item, so it does not run for each new item.
    """

    def __init__(self, path: Path, keep: int, clock: Callable[[], datetime], max_bytes: int = MAX_BYTES) -> None:
        """Open or create the file. A file that is not a database is renamed, because it must not prevent the start."""
        self._keep, self._max_bytes, self._clock = keep, max_bytes, clock
        self._lock = threading.Lock()
        self._untrimmed: dict[str, tuple[int, int]] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = _open(path)
        except (OSError, sqlite3.Error) as error:
            raise InboxUnavailable(f"the inbox {path} cannot be opened: {error}") from error

    def add(self, kind: str, content: Item, message_id: str | None = None) -> Item:
        """Store one item and return it with ``id`` and ``received_at``; on return it is on disk.

        Raises ``Duplicate`` if an item with this ``message_id`` is already on disk.
        """
        received_at = rfc3339(self._clock())
        text = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
        try:
            with self._lock, self._db:
                if (first := self._with(message_id)) is not None:
                    raise Duplicate(first)
                row = (kind, received_at, len(text), text, message_id)
                sql = "INSERT INTO items (kind, received_at, size, content, message_id) VALUES (?, ?, ?, ?, ?)"
                identity = self._db.execute(sql, row).lastrowid
                self._trim(kind, len(text))
        except sqlite3.Error as error:
            raise InboxUnavailable(f"the item could not be stored: {error}") from error
        return {"id": identity, "kind": kind, "received_at": received_at, **content}

    def newest(
        self, *, kind: str | None = None, limit: int = 100, after_id: int = 0, since: datetime | None = None
    ) -> list[Item]:
        """Return items newest first, only those of ``kind``, after ``after_id``, received at ``since`` or later."""
        sql = (
            "SELECT id, kind, received_at, content FROM items"
            " WHERE id > ? AND received_at >= ? AND (? IS NULL OR kind = ?) ORDER BY id DESC LIMIT ?"
        )
        return self._read(sql, (after_id, rfc3339(since) if since else "", kind, kind, limit))

    def get(self, identity: int) -> Item | None:
        """Return one item, or None if it never existed or was trimmed."""
        items = self._read("SELECT id, kind, received_at, content FROM items WHERE id = ?", (identity,))
        return items[0] if items else None

    def close(self) -> None:
        """Close the file; the inbox cannot be used afterwards."""
        with self._lock:
            self._db.close()

    def _trim(self, kind: str, size: int) -> None:
        items, added = self._untrimmed.get(kind, (self._keep, 0))  # unknown after a start, so trim
        items, added = items + 1, added + size
        if items * 100 >= self._keep or added * 100 >= self._max_bytes:
            self._db.execute(_TRIM, (kind, self._keep, self._max_bytes))
            items, added = 0, 0
        self._untrimmed[kind] = (items, added)

    def _with(self, message_id: str | None) -> int | None:
        if message_id is None:
            return None
        found = self._db.execute("SELECT id FROM items WHERE message_id = ?", (message_id,)).fetchone()
        return int(found[0]) if found else None

    def _read(self, sql: str, values: tuple[object, ...]) -> list[Item]:
        try:
            with self._lock:
                rows = self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise InboxUnavailable(f"the inbox could not be read: {error}") from error
        return [{"id": row[0], "kind": row[1], "received_at": row[2], **json.loads(row[3])} for row in rows]


def _open(path: Path) -> sqlite3.Connection:
    try:
        return _connect(path)
    except sqlite3.OperationalError:
        raise  # the directory or the disk is at fault, not the file's content
    except sqlite3.DatabaseError as error:
        aside = path.with_name(f"{path.name}.unreadable-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
        log.error("the inbox is not a database (%s): renamed to %s, starting an empty one", error, aside.name)
        path.rename(aside)
        for rest in (path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
            rest.unlink(missing_ok=True)
        return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=5, check_same_thread=False)
    try:
        with closing(db.cursor()) as cursor:
            cursor.execute("PRAGMA journal_mode=WAL")
            # With WAL, the default may lose the last commits in a power failure.
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute(_SCHEMA)
            if "message_id" not in {column[1] for column in cursor.execute("PRAGMA table_info(items)")}:
                cursor.execute(_COLUMN)
            cursor.execute(_INDEX)
        db.commit()
    except sqlite3.Error:
        db.close()
        raise
    return db
