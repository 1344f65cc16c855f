"""The CPU usage of each component, from the kernel's accounting."""

from __future__ import annotations

import time
from collections.abc import Mapping

import psutil


class Busy:
    """``pids`` are by component. The CPU time of reaped children counts as the component's."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = dict(pids)
        self._at, self._used = time.monotonic(), self._read()
        self._machine = psutil.cpu_times()

    def cores(self) -> dict[str, float]:
        """Return the cores used by each component since the last call, without exited or replaced components."""
        now, used = time.monotonic(), self._read()
        passed = max(now - self._at, 1e-3)
        found = {
            name: round(max(0.0, seconds - self._used[name]) / passed, 3)
            for name, seconds in used.items()
            if name in self._used
        }
        self._at, self._used = now, used
        return found

    def machine(self) -> float:
        """Return the fraction of the machine's CPU time that all processes used since the last call."""
        before, now = self._machine, psutil.cpu_times()
        self._machine = now
        total, idle = sum(now) - sum(before), (now.idle + now.iowait) - (before.idle + before.iowait)
        return round(1 - idle / total, 3) if total > 0 else 0.0

    def _read(self) -> dict[str, float]:
        found = {}
        for name, pid in self._pids.items():
            try:
                family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
                found[name] = sum(_seconds(process) for process in family)
            except psutil.Error:
                continue
        return found


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)
