"""Finding and stopping the processes of an instance without supervisord, which may have been killed.

Every process is started with GLASSHOUSE_INSTANCE=<state directory>, which its children inherit.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

MARK = "GLASSHOUSE_INSTANCE"
PATIENCE_SECONDS = 10.0


def instance_of(process: psutil.Process) -> str | None:
    """Return the state directory that a process belongs to; None for other processes and for unreadable ones."""
    import psutil

    try:
        return process.environ().get(MARK)
    except (psutil.Error, OSError):
        return None


def find(state: Path) -> list[psutil.Process]:
    """Return this user's processes that belong to the instance, except this process and its ancestors."""
    import psutil

    me = psutil.Process()
    own = {me.pid, *(parent.pid for parent in me.parents())}
    found = []
    for process in psutil.process_iter(["uids"]):
        uids = process.info["uids"]
        if process.pid not in own and uids and uids.real == os.getuid() and instance_of(process) == str(state):
            found.append(process)
    return found


def name_of(process: psutil.Process) -> str:
    """Return the component's name if the environment contains it (ours are all called python), else the program's."""
    import psutil

    try:
        return process.environ().get("OBSERVABILITY_INSTANCE") or process.name()
    except (psutil.AccessDenied, OSError):
        return process.name()


def wake(processes: list[psutil.Process]) -> None:
    """Resume processes that were stopped by a signal."""
    import psutil

    for process in processes:
        try:
            if process.status() == psutil.STATUS_STOPPED:
                process.resume()
        except psutil.Error:
            continue


def end(processes: list[psutil.Process], patience: float = PATIENCE_SECONDS) -> list[str]:
    """Terminate these processes, and kill them after ``patience`` seconds. Returns their names and pids."""
    import psutil

    names = []
    wake(processes)
    for process in processes:
        try:
            names.append(f"{name_of(process)} ({process.pid})")
            process.terminate()
        except psutil.Error:
            continue
    _, alive = psutil.wait_procs(processes, timeout=patience)
    for process in alive:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(alive, timeout=5)
    return names
