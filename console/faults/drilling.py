"""Run one drill from the page, in a separate process with a time limit. A stopped drill clears its fault.

The process is separate because a drill may break the console too and must survive its restart. Its identity is kept in
a file next to the results. ``timeout`` ends it at its time limit, even if the console has exited. To stop a drill, send
SIGTERM: it clears its fault before it ends. If it is killed, its guards clear the fault, and switched faults expire.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from console.inbox.store import Item
from console.times import now as utc_now
from console.times import rfc3339

RECORD, OUTPUT = "from-console.json", "from-console.log"
LONGEST_SECONDS, CLEARING_SECONDS = 3600, 180
SHOWN_LINES, SHOWN_BYTES = 12, 8_192
# The variables that a drill needs from the environment; none of the console's own settings.
_KEPT = ("HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "PATH", "TZ", "TMPDIR", "XDG_CACHE_HOME", "GLASSHOUSE_INSTANCE")
RUNNER: tuple[str, ...] = (sys.executable, "-m", "lab.drills", "run", "--here")


class Busy(Exception):
    """A drill is already running; only one can run at a time."""


class Drilling:
    """Starts ``<command> <name>``, which writes into ``directory``, the drills' folder in the state directory."""

    def __init__(
        self,
        directory: Path,
        command: Sequence[str] = RUNNER,
        environ: Mapping[str, str] = os.environ,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._directory, self._command, self._now = directory, command, now
        kept = {name: environ[name] for name in _KEPT if name in environ}
        self._environ = {**kept, "GLASSHOUSE_STATE_DIR": str(directory.parent), "OBSERVABILITY_INSTANCE": "drill"}
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, name: str, by: str) -> Item:
        """Start a drill. Raises ``Busy``."""
        with self._lock:
            if self._process() is not None:
                raise Busy
            self._directory.mkdir(parents=True, exist_ok=True)
            limit = ("timeout", "--foreground", f"--kill-after={CLEARING_SECONDS}", str(LONGEST_SECONDS))
            with (self._directory / OUTPUT).open("wb") as output:
                self._child = subprocess.Popen(
                    [*limit, *self._command, name],
                    env=self._environ,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            record = {
                "name": name,
                "by": by,
                "began": rfc3339(self._now()),
                "pid": self._child.pid,
                "created": psutil.Process(self._child.pid).create_time(),
                "stopping": False,
            }
            self._keep(record)
            return _shown(record)

    def stop(self) -> Item | None:
        """Make the drill clear its fault and end, which may take a while; return None if none runs. Idempotent."""
        with self._lock:
            process, record = self._process(), self._record()
            if process is None:
                return None
            if not record["stopping"]:
                process.terminate()
                record["stopping"] = True
                self._keep(record)
            return _shown(record)

    def state(self) -> Item | None:
        """Return the drill started last: ``is_over``, ``run`` (its directory) and ``says`` (its output)."""
        with self._lock:
            record = self._record()
            if not record:
                return None
            is_over = self._process() is None
            return {**_shown(record), "is_over": is_over, "run": self._run_of(record), "says": self._says()}

    def _process(self) -> psutil.Process | None:
        """Return the recorded process if it is running. Its start time is compared too, because pids are reused."""
        if self._child is not None:
            self._child.poll()  # reaps the zombie
        record = self._record()
        try:
            process = psutil.Process(int(record["pid"]))
            is_ours = process.create_time() == record["created"] and process.status() != psutil.STATUS_ZOMBIE
        except (KeyError, TypeError, ValueError, psutil.Error):
            is_ours = False
        if is_ours:
            return process
        if self._child is not None:
            self._child.poll()  # the process may have ended since the check above
        return None

    def _run_of(self, record: Mapping[str, Any]) -> str:
        """Return the run's directory: the first since the start, as directories are named after their creation time."""
        began = str(record["began"]).translate({ord(sign): None for sign in "-:"})[:15] + "Z"
        try:
            names = [path.name for path in self._directory.iterdir() if path.is_dir() and path.name >= began]
        except OSError:
            return ""
        return min(names, default="")

    def _says(self) -> list[str]:
        try:
            with (self._directory / OUTPUT).open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - SHOWN_BYTES))
                return file.read().decode("utf-8", "replace").splitlines()[-SHOWN_LINES:]
        except OSError:
            return []

    def _record(self) -> dict[str, Any]:
        try:
            content = json.loads((self._directory / RECORD).read_text())
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) and {"name", "by", "began", "stopping"} <= content.keys() else {}

    def _keep(self, record: Mapping[str, Any]) -> None:
        fresh = self._directory / f"{RECORD}.new"
        fresh.write_text(json.dumps(record))
        fresh.replace(self._directory / RECORD)


def _shown(record: Mapping[str, Any]) -> Item:
    return {name: record[name] for name in ("name", "by", "began", "stopping")}
