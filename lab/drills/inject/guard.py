"""``python -m lab.drills.inject.guard``: mends what the runner broke if the runner does not live to do it.

One line of JSON on stdin says what; then it waits. ``done`` on stdin: the runner has mended. The end of stdin (the
runner is dead) or of ``seconds``: it mends itself. It has a session of its own, so Ctrl-C does not reach it.
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

from lab.clients.instance import Instance
from stack.paths import ROOT

Process = tuple[int, float]
"""A pid, and when it was started: pids are given again."""


def go_on(processes: Sequence[Process]) -> None:
    """SIGCONT to each that still lives."""
    for pid, began in processes:
        try:
            process = psutil.Process(pid)
            if process.create_time() == began:
                process.resume()
        except psutil.Error:
            continue


class Guard:
    """The runner's end of it."""

    def __init__(self, instance: Instance, start: Sequence[str], resume: Sequence[Process], seconds: float) -> None:
        """Set it going; from here on what is broken is mended."""
        task = {"state_dir": str(instance.state_dir), "start": list(start), "resume": list(resume), "seconds": seconds}
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
        """All is mended; returns when the guard has ended."""
        self._say("done")
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(timeout=60)

    def _say(self, line: str) -> None:
        if self._process.stdin is not None and self._process.poll() is None:
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()


def mend(task: Mapping[str, Any]) -> None:
    """Let go on and start what the task names."""
    go_on([(int(pid), float(began)) for pid, began in task["resume"]])
    if task["start"]:
        Instance.at(Path(task["state_dir"])).launcher("start", *task["start"])


def main(source: IO[bytes]) -> int:
    """Wait, and mend if need be."""
    task = json.loads(source.readline())
    with selectors.DefaultSelector() as selector:
        selector.register(source, selectors.EVENT_READ)
        heard = selector.select(timeout=float(task["seconds"]))
    if not heard or source.readline().strip() != b"done":
        mend(task)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.stdin.buffer))
