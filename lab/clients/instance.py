"""One instance of the stack, as a drill handles it: its launcher, its addresses, its processes."""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from stack.paths import ROOT
from stack.port_numbers import DEFAULT_PORTS

UP_SECONDS = 900.0
COMMAND_SECONDS = 120.0
# Above those that the end-to-end tests take, so that a drill and a test run do not meet.
OFFSETS = range(33_000, 38_500, 250)


class DrillFailed(Exception):
    """The drill itself could not be carried out; says why in one sentence."""


@dataclass
class Instance:
    """A running instance: ``state_dir`` names it, ``env`` is the environment of its launcher."""

    state_dir: Path
    env: Mapping[str, str]
    _status: dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def at(cls, state_dir: Path, **settings: str) -> Instance:
        """The instance of this state directory."""
        return cls(state_dir, {**os.environ, "GLASSHOUSE_STATE_DIR": str(state_dir), **settings})

    def launcher(self, *arguments: str, seconds: float = COMMAND_SECONDS) -> subprocess.CompletedProcess[str]:
        """``python -m stack …``, with what it said. Raises ``DrillFailed`` if it does not end in time."""
        command = [sys.executable, "-m", "stack", *arguments]
        try:
            return subprocess.run(
                command, cwd=ROOT, env=dict(self.env), capture_output=True, text=True, timeout=seconds
            )
        except subprocess.TimeoutExpired as error:
            raise DrillFailed(f"`stack {' '.join(arguments)}` did not end within {seconds:.0f} s.") from error

    def must(self, *arguments: str, seconds: float = COMMAND_SECONDS) -> None:
        """The launcher's command; raises ``DrillFailed`` with what it said if it fails."""
        done = self.launcher(*arguments, seconds=seconds)
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip()
            raise DrillFailed(f"`stack {' '.join(arguments)}` failed ({done.returncode}): {said}")

    def status(self) -> dict[str, dict[str, Any]]:
        """Each component's row of ``status --json``."""
        done = self.launcher("status", "--json")
        try:
            self._status = json.loads(done.stdout)
        except ValueError as error:
            raise DrillFailed(f"no instance runs in {self.state_dir}: {done.stderr.strip()}") from error
        components: dict[str, dict[str, Any]] = self._status["components"]
        return components

    def port(self, name: str) -> int:
        """A port by its name in ``stack.port_numbers``."""
        if not self._status:
            self.status()
        return DEFAULT_PORTS[name] + int(self._status["port_offset"])

    def url(self, name: str) -> str:
        """The address of the HTTP server on the port of this name."""
        return f"http://127.0.0.1:{self.port(name)}"

    @property
    def mongo_url(self) -> str:
        """Where the databases are."""
        return f"mongodb://127.0.0.1:{self.port('mongo')}/?directConnection=true"

    def admin_password(self) -> str:
        """The password of the shop's first admin, from the state directory."""
        return (self.state_dir / "secrets" / "admin_password").read_text().strip()

    def kill(self, name: str) -> int | None:
        """``kill -9`` the component's process and all that it has started, so that nothing of it lives to tidy up.

        Returns its pid, ``None`` if it did not run.
        """
        pid = self.status()[name]["pid"]
        try:
            family = family_of(pid) if pid is not None else []
            for process in family:
                process.kill()
        except psutil.NoSuchProcess:
            return None
        return int(pid) if family else None


def family_of(pid: int) -> list[psutil.Process]:
    """The process and everything below it. Raises ``psutil.NoSuchProcess``."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


@contextmanager
def own_instance(keep: bool = False) -> Iterator[Instance]:
    """An instance of the drill's own, without generated traffic, in a temporary directory; taken down at the end.

    ``keep`` leaves its directory, with all logs. Raises ``DrillFailed`` if it does not come up.
    """
    state_dir = Path(tempfile.mkdtemp(prefix="glasshouse-drill-")) / "state"
    instance = Instance.at(state_dir, GLASSHOUSE_PORT_OFFSET=str(free_offset()), TRAFFIC="0")
    try:
        instance.must("up", seconds=UP_SECONDS)
        yield instance
    finally:
        instance.launcher("down")
        if not keep:
            shutil.rmtree(state_dir.parent, ignore_errors=True)


def free_offset() -> int:
    """A port offset at which nothing listens now; drawn, so that two drills that begin together rarely meet."""
    offsets = random.sample(OFFSETS, len(OFFSETS))
    for offset in offsets:
        if all(_is_free(port + offset) for port in DEFAULT_PORTS.values()):
            return offset
    raise DrillFailed(f"every range of ports from {OFFSETS.start} above the default ones is taken.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
