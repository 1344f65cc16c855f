"""A running stack's addresses and processes, through its launcher."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from lab.clients.errors import RunFailed
from stack import settings
from stack.paths import ROOT
from stack.port_numbers import DEFAULT_PORTS

COMMAND_SECONDS = 120.0


def default_state_dir() -> Path:
    """Return the state directory from the environment, or the default one. Raises ``SettingError``."""
    return settings.state_dir(os.environ)


@dataclass
class RunningStack:
    """``state_dir`` identifies the stack, ``env`` is the environment of its launcher."""

    state_dir: Path
    env: Mapping[str, str]
    _status: dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def at(cls, state_dir: Path, **environment: str) -> RunningStack:
        """Return the stack of this state directory; ``environment`` is added to its launcher's environment."""
        return cls(state_dir, {**os.environ, "GLASSHOUSE_STATE_DIR": str(state_dir), **environment})

    def launcher(self, *arguments: str, seconds: float = COMMAND_SECONDS) -> subprocess.CompletedProcess[str]:
        """Run ``python -m stack …`` and capture its output. Raises ``RunFailed`` on a timeout.

        The command runs in its own session, so that Ctrl-C stops our run but not a command that cleans up.
        """
        command = [sys.executable, "-m", "stack", *arguments]
        try:
            return subprocess.run(
                command,
                cwd=ROOT,
                env=dict(self.env),
                capture_output=True,
                text=True,
                timeout=seconds,
                start_new_session=True,
            )
        except subprocess.TimeoutExpired as error:
            raise RunFailed(f"`stack {' '.join(arguments)}` did not end within {seconds:.0f} s.") from error

    def run(self, *arguments: str, seconds: float = COMMAND_SECONDS) -> None:
        """Run a launcher command that must succeed. Raises ``RunFailed`` with its output if it does not."""
        done = self.launcher(*arguments, seconds=seconds)
        if done.returncode != 0:
            output = (done.stderr or done.stdout).strip()
            raise RunFailed(f"`stack {' '.join(arguments)}` failed ({done.returncode}): {output}")

    def status(self) -> dict[str, dict[str, Any]]:
        """Return each component's row of ``status --json``. Raises ``RunFailed`` if the launcher prints none."""
        done = self.launcher("status", "--json")
        try:
            self._status = json.loads(done.stdout)
        except ValueError as error:
            output = (done.stderr or done.stdout).strip()
            raise RunFailed(f"no stack is running in {self.state_dir}: {output}") from error
        components: dict[str, dict[str, Any]] = self._status["components"]
        return components

    def port(self, name: str) -> int:
        """Return a port by its name in ``stack.port_numbers``."""
        if not self._status:
            self.status()
        return DEFAULT_PORTS[name] + int(self._status["port_offset"])

    def url(self, name: str) -> str:
        """Return the URL of the HTTP server on the port with this name."""
        return f"http://127.0.0.1:{self.port(name)}"

    @property
    def mongo_url(self) -> str:
        """Return the connection string of the databases."""
        return f"mongodb://127.0.0.1:{self.port('mongo')}/?directConnection=true"

    def admin_password(self) -> str:
        """Return the password of the shop's first admin, from the state directory."""
        return (self.state_dir / "secrets" / "admin_password").read_text().strip()

    def kill(self, name: str) -> int | None:
        """``kill -9`` the component's process and its descendants, so that none of them can clean up.

        Returns its pid, or ``None`` if it was not running.
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
    """Return the process and its descendants. Raises ``psutil.NoSuchProcess``."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]
