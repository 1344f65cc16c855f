"""Commands of the launcher: their log, and their end when they or the launcher are stopped."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from stack import lock, tasks
from stack.paths import ROOT
from tests.waiting import wait_until


def test_a_command_writes_its_log_and_gives_its_end(tmp_path: Path) -> None:
    """A command returns its exit code and its own output, without earlier contents of the log."""
    log = tmp_path / "log"
    log.write_text("before\n")
    assert tasks.run(["sh", "-c", "echo done; exit 3"], log, lambda: None) == (3, "done\n")
    assert log.read_text() == "before\ndone\n"


def test_an_interrupted_command_is_ended(tmp_path: Path) -> None:
    """An interrupted command ends together with the processes that it started."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    pids = tmp_path / "pid"
    command = ["sh", "-c", f"sleep 1000 & echo $! > {pids}; wait"]
    with pytest.raises(KeyboardInterrupt):
        tasks.run(command, tmp_path / "log", interrupt)
    wait_until("the command's child to end", lambda: has_ended(int(pids.read_text())))


LAUNCHER = """
import sys
from pathlib import Path
from stack import tasks
tasks.run(["sh", "-c", "sleep 1000 & echo $$ $! > $1.new; mv $1.new $1; wait", "sh", sys.argv[1]],
          Path(sys.argv[1] + ".log"), lambda: None)
"""


@pytest.mark.parametrize("how", [signal.SIGHUP, signal.SIGTERM, signal.SIGKILL])
def test_a_command_does_not_outlive_its_launcher(tmp_path: Path, how: signal.Signals) -> None:
    """A command and its children end with their launcher, after SIGHUP, SIGTERM or SIGKILL."""
    pids = tmp_path / "pids"
    launcher = subprocess.Popen([sys.executable, "-c", LAUNCHER, str(pids)], cwd=ROOT)
    wait_until("the command to run", pids.exists)
    command, child = (int(text) for text in pids.read_text().split())
    assert not has_ended(command)
    launcher.send_signal(how)
    launcher.wait(timeout=10)
    wait_until("the command to end", lambda: has_ended(command))
    wait_until("its child to end", lambda: has_ended(child))


def test_a_command_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    """A command that ignores SIGTERM is killed with its children a few seconds after its launcher has ended."""
    pids = tmp_path / "pids"
    script = LAUNCHER.replace('"sleep 1000', '"trap true TERM; sleep 1000').replace("wait", "while :; do wait; done")
    launcher = subprocess.Popen([sys.executable, "-c", script, str(pids)], cwd=ROOT)
    wait_until("the command to run", pids.exists)
    command, _ = (int(text) for text in pids.read_text().split())
    launcher.kill()
    launcher.wait(timeout=10)
    wait_until("the command to be killed", lambda: has_ended(command))


def test_the_lock_of_a_killed_build_is_held_until_the_build_has_ended(tmp_path: Path) -> None:
    """The lock of a killed build is held until the build has ended, so that the next `up` does not run another one."""
    path = tmp_path / "lock"
    script = LAUNCHER.replace("lambda: None)", "lambda: None, keep_open=[held])").replace(
        "tasks.run", "from stack import lock\nwith lock.hold(Path(sys.argv[1] + '.lock')) as held: tasks.run"
    )
    launcher = subprocess.Popen([sys.executable, "-c", script, str(path)], cwd=ROOT)
    wait_until("the command to run", path.exists)
    command, _ = (int(text) for text in path.read_text().split())
    launcher.kill()
    launcher.wait(timeout=10)
    wait_until("the lock to be free", lambda: not lock.is_held(Path(f"{path}.lock")))
    assert has_ended(command)


def has_ended(pid: int) -> bool:
    """Return whether the process is gone, or is a zombie whose parent has not yet reaped it."""
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
