"""``python -m lab.drills.inject.guard``: clear the runner's fault if the runner is killed.

It reads one line of JSON from stdin, then waits. After ``done`` on stdin, which means that the runner has cleared the
fault, it exits. At the end of stdin (the runner was killed) or after ``seconds``, it clears the fault. It runs in its
own session, so that Ctrl-C does not reach it.
"""

from __future__ import annotations

import json
import selectors
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import psutil

from lab.clients.running_stack import RunningStack
from stack.paths import ROOT

Process = tuple[int, float]
"""A pid and its start time, because the kernel reuses pids."""


def resume(processes: Sequence[Process]) -> None:
    """Send SIGCONT to each process that is still running."""
    for pid, began in processes:
        try:
            process = psutil.Process(pid)
            if process.create_time() == began:
                process.resume()
        except psutil.Error:
            continue


class Guard:
    """The runner's handle of the guard process."""

    def __init__(self, instance: RunningStack, start: Sequence[str], paused: Sequence[Process], seconds: float) -> None:
        """Start the guard. From now on the fault is cleared in any case."""
        task = {"state_dir": str(instance.state_dir), "start": list(start), "resume": list(paused), "seconds": seconds}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lab.drills.inject.guard"],
            cwd=ROOT,
            env=dict(instance.env),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._say(json.dumps(task))

    def dismiss(self) -> None:
        """Report that the fault is cleared. Returns when the guard has exited."""
        self._say("done")
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(timeout=60)

    def _say(self, line: str) -> None:
        if self._process.stdin is not None and self._process.poll() is None:
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()


def clear(task: Mapping[str, Any]) -> None:
    """Resume the processes and start the components of the task."""
    resume([(int(pid), float(began)) for pid, began in task["resume"]])
    if task["start"]:
        RunningStack.at(Path(task["state_dir"])).launcher("start", *task["start"])


def main(source: IO[bytes]) -> int:
    """Wait, and clear the fault unless the runner has cleared it."""
    task = json.loads(source.readline())
    with selectors.DefaultSelector() as selector:
        selector.register(source, selectors.EVENT_READ)
        heard = selector.select(timeout=float(task["seconds"]))
    if not heard or source.readline().strip() != b"done":
        clear(task)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.stdin.buffer))
