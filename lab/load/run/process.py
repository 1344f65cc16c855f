"""The generator's process, and the lines that it writes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from lab.load.generator.plan import Plan
from stack.paths import ROOT

END_SECONDS = 60.0
"""It waits for requests in flight: longer than the longest allowed request."""


class GeneratorFailed(Exception):
    """The generator's process failed; the message has its output."""


class Client(Protocol):
    """The load client, a child process. It exits when the plan is done, or soon after ``stop``."""

    process: subprocess.Popen[str]

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield its results since the previous line; the last line also has ``ended``, ``orders`` and ``lag``."""

    def stop(self) -> None:
        """Stop it after requests in flight are completed."""

    def __enter__(self) -> Self:
        """Return the client; on exit, the process has exited."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """See ``__enter__``."""


Start = Callable[[Plan, Path], Client]
"""Starts a client for the plan; its output goes to the folder, which contains the plan as ``plan.json``."""


class Generator:
    """``python -m lab.load.generator PLAN``, run by the Python of the load generator's environment."""

    def __init__(self, python: str, folder: Path) -> None:
        self._log = folder / "generator.log"
        with self._log.open("w") as errors:
            self.process = subprocess.Popen(
                [python, "-m", "lab.load.generator", str(folder / "plan.json")],
                cwd=ROOT,
                # It does not need our addresses, secrets or proxies.
                env={name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
                stdout=subprocess.PIPE,
                stderr=errors,
                stdin=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            )

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield the lines that it writes until it has exited. Raises ``GeneratorFailed``."""
        assert self.process.stdout is not None
        last: dict[str, Any] = {}
        for line in self.process.stdout:
            last = json.loads(line)
            yield last
        code = self.process.wait(timeout=END_SECONDS)
        if code or "ended" not in last:
            raise GeneratorFailed(
                f"the generator ended with {code}: {'; '.join(last.get('defects', ())) or self._said()} ({self._log})"
            )

    def stop(self) -> None:
        """Stop it; it writes its last line after the requests in flight."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def _said(self) -> str:
        lines = self._log.read_text().strip().splitlines()
        return lines[-1] if lines else "no output"

    def __enter__(self) -> Generator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        try:
            self.process.wait(timeout=END_SECONDS if kind is None else 5.0)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
