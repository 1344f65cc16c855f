"""RQ's commands, as people start them, in separate processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import glasshouse_observability

SOURCES = Path(__file__).parents[1], Path(glasshouse_observability.__file__).parents[1]
_RQ = "from rq.cli import main; main()"


class Command:
    """A running process, whose outputs are in files."""

    def __init__(self, folder: Path, arguments: list[str], env: dict[str, str]) -> None:
        self._out, self._err = folder / "out.log", folder / "err.log"
        path = os.pathsep.join([str(folder), *map(str, SOURCES)])
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, *arguments],
                stdout=out,
                stderr=err,
                cwd=folder,
                env={**kept, "PYTHONPATH": path, **env},
                start_new_session=True,
            )

    def wait(self, seconds: float = 40) -> int:
        return self.process.wait(seconds)

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(sign)

    def out(self) -> str:
        return self._out.read_text()

    def err(self) -> str:
        return self._err.read_text()

    def lines(self, event: str | None = None) -> list[dict[str, Any]]:
        """Return the JSON lines of standard output; a line that is not JSON raises an exception."""
        lines = [json.loads(line) for line in self.out().splitlines()]
        return [line for line in lines if event is None or line.get("event") == event]


@contextmanager
def rq_command(folder: Path, *arguments: str, **env: str) -> Iterator[Command]:
    """Run ``rq`` with these arguments and variables in ``folder``."""
    with python(folder, "-c", _RQ, *arguments, **env) as command:
        yield command


@contextmanager
def python(folder: Path, *arguments: str, **env: str) -> Iterator[Command]:
    """Run Python with these arguments and variables in ``folder``."""
    folder.mkdir(exist_ok=True)
    command = Command(folder, list(arguments), env)
    try:
        yield command
    finally:
        # With its own children, such as the workers of a pool.
        with suppress(ProcessLookupError):
            os.killpg(command.process.pid, signal.SIGKILL)
        command.process.wait()
