"""Detect when lines that VictoriaLogs accepted are on its disk.

VictoriaLogs has no write-ahead log. It acknowledges a write immediately, keeps the rows in a buffer for up to a second,
then in memory for ``-inmemoryDataFlushInterval``, and writes older rows to files once per interval
(lib/logstorage/datadb.go, v1.52). A process that is killed before that loses lines that it had acknowledged. A batch
therefore counts as durable once both conditions hold:

1. The process that accepted it has since answered a request every second for ``SECONDS`` over one unbroken connection.
   It is therefore the same process and was not frozen.
2. As many rows have since reached its files as were in memory then. Rows are written in the order of arrival, so the
   batch is among them. A slow disk delays this condition and never fulfils it early.

Until then the batch stays in the sender's queue. The gateway stores nothing. VictoriaLogs closes connections after two
minutes unless ``-http.connTimeout`` is set. Batches waiting at that moment are sent again.
"""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

SECONDS = 4.0
"""One second each for the buffer, memory with a flush interval of 1 s, the time between polls, and a margin."""
EVERY_SECONDS = 0.5
ANSWER_SECONDS = 2.0

_SERIES = re.compile(r'^(vl_storage_rows|vl_pending_rows)\{type="([a-z/]+)"\} (\d+)', re.MULTILINE)
_IN_MEMORY = ("vl_storage_rows storage/inmemory", "vl_pending_rows storage")
_IN_FILES = ("vl_storage_rows storage/small", "vl_storage_rows storage/big")


@dataclass(frozen=True)
class Observation:
    """The store's state at one poll.

    ``epoch`` is the number of the connection. ``answered`` is the number of seconds for which it has been answering.
    ``in_memory`` counts the rows that a kill would lose now. ``written`` counts all rows that have reached files during
    this connection.
    """

    epoch: int
    answered: float
    in_memory: int
    written: int


class StoreLost(Exception):
    """The store's process has ended or does not respond. Lines that it had accepted may be lost."""


class StoreMonitor:
    """Polls the store twice a second in its own thread and wakes the callers that wait for a batch."""

    def __init__(self, url: str, every: float = EVERY_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        parts = urlsplit(url)
        self._host, self._port, self._path = parts.hostname or "127.0.0.1", parts.port, parts.path
        self._is_tls = parts.scheme == "https"
        self._every, self._clock = every, clock
        self._changed = threading.Condition()
        self._seen: Observation | None = None
        self._epoch = 0
        self._stop = threading.Event()

    def start(self) -> None:
        """Start polling."""
        threading.Thread(target=self._run, name="store-watch", daemon=True).start()

    def stop(self) -> None:
        """Stop polling. Waiting callers get ``StoreLost``."""
        self._stop.set()
        self._publish(None)

    def now(self) -> Observation:
        """Return the latest observation. Raises ``StoreLost`` if the store does not respond."""
        with self._changed:
            if self._seen is None:
                raise StoreLost
            return self._seen

    def wait_durable(self, epoch: int, seconds: float) -> None:
        """Return once all data that the store has accepted is on disk. Raises ``StoreLost``, also after ``seconds``.

        ``epoch`` must come from an observation before the batch was sent, because the process must still be the same.
        """
        end = self._clock() + seconds
        # The next observation includes this batch. The latest one may predate it.
        first = self._next(epoch, end)
        first = self._next(epoch, end)
        while True:
            seen = self._next(epoch, end)
            is_old_enough = seen.answered - first.answered >= SECONDS
            if is_old_enough and seen.written - first.written >= first.in_memory:
                return

    def _next(self, epoch: int, end: float) -> Observation:
        with self._changed:
            if not self._changed.wait(max(end - self._clock(), 0)):
                raise StoreLost
            if self._seen is None or self._seen.epoch != epoch:
                raise StoreLost
            return self._seen

    def _publish(self, seen: Observation | None) -> None:
        with self._changed:
            self._seen = seen
            self._changed.notify_all()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._watch_one_process()
            except (OSError, http.client.HTTPException):
                self._publish(None)
            self._stop.wait(self._every)

    def _watch_one_process(self) -> None:
        """Poll over one connection until it breaks. While it is open, the process is the same."""
        kind = http.client.HTTPSConnection if self._is_tls else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=ANSWER_SECONDS)
        # http.client would reconnect after the server has closed the connection, which must not happen here.
        connection.auto_open = 0
        connection.connect()
        self._epoch += 1
        written, in_files = 0, -1
        began = self._clock()
        try:
            while not self._stop.is_set():
                connection.request("GET", f"{self._path}/metrics", headers={"Accept-Encoding": "identity"})
                with connection.getresponse() as answer:
                    text = answer.read().decode(errors="replace")
                    if answer.status != 200:
                        raise http.client.HTTPException(f"status {answer.status}")
                memory, files = rows_of(text)
                # Retention also deletes rows, which is not a write.
                written += max(files - in_files, 0) if in_files >= 0 else 0
                in_files = files
                self._publish(Observation(self._epoch, self._clock() - began, memory, written))
                self._stop.wait(self._every)
        finally:
            connection.close()


def rows_of(metrics: str) -> tuple[int, int]:
    """Return the rows in memory and in files from VictoriaLogs' ``/metrics``. OSError if the series are missing."""
    found = {f"{name} {kind}": int(value) for name, kind, value in _SERIES.findall(metrics)}
    try:
        return sum(found[name] for name in _IN_MEMORY), sum(found[name] for name in _IN_FILES)
    except KeyError as error:
        raise OSError(f"VictoriaLogs' /metrics lacks {error}") from error
