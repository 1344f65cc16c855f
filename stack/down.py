"""``down``: nothing of the instance is left, whether or not its supervisor is still there."""

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
    """End the instance's processes and say which; ``purge`` deletes its state directory too."""
    instance = attach(settings)
    paths = instance.paths
    end_up(paths, say)
    # A process that is paused (SIGSTOP, by the fault agent or a debugger) could not shut down cleanly.
    stragglers.wake(stragglers.find(paths.state))
    supervisor = Supervisor(paths.socket)
    ended: list[str] = []
    if supervisor.alive():
        ended = stop_in_waves(components_of(instance), supervisor, say)
        stop_supervisor(supervisor)
    say.under_way("")
    # The supervisor may have been killed before, or have lost one of its processes' children.
    left = stragglers.end(stragglers.find(paths.state))
    paths.instance_file.unlink(missing_ok=True)
    for name in (paths.socket, paths.run / "supervisord.pid"):
        name.unlink(missing_ok=True)
    if ended:
        say.line(f"Ended after {clock(say.elapsed())}: {', '.join(ended)}.")
    if left:
        say.line(f"Ended what ran without its supervisor: {', '.join(left)}.")
    if not ended and not left:
        say.line("Nothing was running.")
    if purge and paths.state.exists():
        delete(paths)
        say.line(f"Deleted the state in {paths.state}.")
    return 0


def delete(paths: StatePaths) -> None:
    """Delete what is ours in the state directory, and the directory when nothing else is in it."""
    for folder in (paths.run, paths.logs, paths.faults, paths.state / "data"):
        shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        paths.state.rmdir()


def end_up(paths: StatePaths, say: Say) -> None:
    """End an ``up`` that is still building, as Ctrl-C would."""
    if not lock.is_held(paths.up_lock):
        return
    pid = lock.holder(paths.up_lock)
    say.line(f"  ending the `make up` that is under way (pid {pid})")
    with contextlib.suppress(ProcessLookupError, TypeError):
        os.kill(pid, signal.SIGINT)  # type: ignore[arg-type]
    deadline = time.monotonic() + END_UP_SECONDS
    while lock.is_held(paths.up_lock):
        if time.monotonic() > deadline:
            raise StackError(
                f"the `make up` under way (pid {pid}) does not end: end it with Ctrl-C, then `make down` again."
            )
        time.sleep(POLL_SECONDS)


def stop_in_waves(components: list[Component], supervisor: Supervisor, say: Say) -> list[str]:
    """Stop callers before what they call, each wave together: supervisord alone would take them one by one."""
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
    """End supervisord and wait until it has gone."""
    import psutil

    try:
        process = psutil.Process(supervisor.call("getPID"))
        supervisor.call("shutdown")
    except (SupervisorError, psutil.NoSuchProcess):
        return
    with contextlib.suppress(psutil.TimeoutExpired):
        process.wait(timeout=10)
