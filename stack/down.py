"""``down``: stops every process of the instance, even if its supervisor has exited."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time

from stack import lock, stragglers
from stack.components import Component, Table
from stack.errors import StackError, SupervisorError
from stack.instance import attach
from stack.inventory import all_components
from stack.paths import StatePaths
from stack.say import Say, clock
from stack.settings import Settings
from stack.supervisor import POLL_SECONDS, Supervisor

END_UP_SECONDS = 15.0


def down(settings: Settings, say: Say, *, purge: bool = False, components_of: Table = all_components) -> int:
    """Stop the instance's processes and print their names; ``purge`` also deletes the state directory."""
    instance = attach(settings)
    paths = instance.paths
    end_up(paths, say)
    # A process that is paused (SIGSTOP from the fault agent or a debugger) cannot shut down cleanly.
    stragglers.wake(stragglers.find(paths.state))
    supervisor = Supervisor(paths.socket)
    ended: list[str] = []
    if supervisor.alive():
        ended = stop_in_waves(components_of(instance), supervisor, say)
        stop_supervisor(supervisor)
    say.under_way("")
    # The supervisor may have been killed earlier, or a child process may have outlived its supervised parent.
    left = stragglers.end(stragglers.find(paths.state))
    paths.instance_file.unlink(missing_ok=True)
    for name in (paths.socket, paths.run / "supervisord.pid"):
        name.unlink(missing_ok=True)
    if ended:
        say.line(f"Stopped after {clock(say.elapsed())}: {', '.join(ended)}.")
    if left:
        say.line(f"Stopped processes that had no supervisor: {', '.join(left)}.")
    if not ended and not left:
        say.line("Nothing was running.")
    if purge and paths.state.exists():
        delete(paths)
        say.line(f"Deleted the state in {paths.state}.")
    return 0


def delete(paths: StatePaths) -> None:
    """Delete our folders in the state directory, and the directory itself if nothing else is in it."""
    for folder in (paths.run, paths.logs, paths.faults, paths.state / "data"):
        shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        paths.state.rmdir()


def end_up(paths: StatePaths, say: Say) -> None:
    """Stop an ``up`` that is still building, like Ctrl-C."""
    if not lock.is_held(paths.up_lock):
        return
    pid = lock.holder(paths.up_lock)
    say.line(f"  stopping the running `make up` (pid {pid})")
    with contextlib.suppress(ProcessLookupError, TypeError):
        os.kill(pid, signal.SIGINT)  # type: ignore[arg-type]
    deadline = time.monotonic() + END_UP_SECONDS
    while lock.is_held(paths.up_lock):
        if time.monotonic() > deadline:
            raise StackError(
                f"the running `make up` (pid {pid}) does not stop: stop it with Ctrl-C, then run `make down` again."
            )
        time.sleep(POLL_SECONDS)


def stop_in_waves(components: list[Component], supervisor: Supervisor, say: Say) -> list[str]:
    """Stop callers before the servers they call, one wave at a time; supervisord itself stops one process at a time."""
    waves = {component.name: component.wave for component in components}
    running = {name: waves.get(name, 0) for name, info in supervisor.processes().items() if info["pid"]}
    for wave in sorted(set(running.values())):
        names = [name for name, its in running.items() if its == wave]
        say.under_way(f"  stopping {', '.join(names)}")
        for name in names:
            supervisor.call("stopProcess", name, False)
        supervisor.wait_stopped(names)
    return list(running)


def stop_supervisor(supervisor: Supervisor) -> None:
    """Stop supervisord and wait until it has exited."""
    import psutil

    try:
        process = psutil.Process(supervisor.call("getPID"))
        supervisor.call("shutdown")
    except (SupervisorError, psutil.NoSuchProcess):
        return
    with contextlib.suppress(psutil.TimeoutExpired):
        process.wait(timeout=10)
