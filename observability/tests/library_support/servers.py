"""Real MongoDB and Redis servers on free ports of this machine, for the tests of the library."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path


class Server:
    """A server process that can be stopped and started again with its data."""

    def __init__(self, command: list[str], log: Path) -> None:
        self._command, self._log = command, log
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()


def program(name: str) -> str:
    """Return the path of a server program: the variable ``MONGOD`` or ``REDIS_SERVER``, or a program on the PATH."""
    variable = name.upper().replace("-", "_")
    found = os.environ.get(variable) or shutil.which(name)
    assert found, f"these tests need {name}: install it, or set {variable} to its path"
    return found
