"""The guard clears the fault if the runner dies, and does nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lab.clients.running_stack import RunningStack
from lab.drills.inject.guard import Guard, main, resume
from tests.waiting import wait_until

ROOT = Path(__file__).parents[4]
# A runner that starts a guard, reports it and waits for its end.
RUNNER = """
import sys, psutil
from pathlib import Path
from lab.drills.inject.guard import Guard
from lab.clients.running_stack import RunningStack
held = psutil.Process(int(sys.argv[1]))
guard = Guard(RunningStack.at(Path(sys.argv[2])), (), [(held.pid, held.create_time())], float(sys.argv[3]))
held.suspend()
print("broken", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def sleeper() -> Iterator[psutil.Process]:
    """Start a process to be paused."""
    process = subprocess.Popen(["sleep", "600"])
    try:
        yield psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait()


def is_paused(process: psutil.Process) -> bool:
    return process.status() == psutil.STATUS_STOPPED


def task(tmp_path: Path, process: psutil.Process, seconds: float = 60.0) -> bytes:
    held = [[process.pid, process.create_time()]]
    content = {"state_dir": str(tmp_path), "start": [], "resume": held, "seconds": seconds}
    return json.dumps(content).encode() + b"\n"


def listen(tmp_path: Path, process: psutil.Process, said: bytes, seconds: float = 60.0, is_closed: bool = True) -> None:
    """Run the guard with this input from its runner."""
    process.suspend()
    wait_until("the process to be paused", lambda: is_paused(process))
    reader, writer = os.pipe()
    os.write(writer, task(tmp_path, process, seconds))
    # Unbuffered, so that the guard's selector sees unread input.
    with open(reader, "rb", buffering=0) as source:
        if said:
            os.write(writer, said)
        if is_closed:
            os.close(writer)
        assert main(source) == 0
        if not is_closed:
            os.close(writer)


def test_the_end_of_the_runner(tmp_path: Path, sleeper: psutil.Process) -> None:
    """When the runner's end of the pipe is closed, for whatever reason, the guard resumes the process."""
    listen(tmp_path, sleeper, b"")
    wait_until("the process to continue", lambda: not is_paused(sleeper))


def test_the_time_is_up(tmp_path: Path, sleeper: psutil.Process) -> None:
    """After its time limit the guard resumes the process, because the runner may hang."""
    listen(tmp_path, sleeper, b"", seconds=0.1, is_closed=False)
    wait_until("the process to continue", lambda: not is_paused(sleeper))


def test_a_runner_that_has_cleared_its_faults(tmp_path: Path, sleeper: psutil.Process) -> None:
    """The guard changes nothing after the runner has reported that it cleared its faults."""
    listen(tmp_path, sleeper, b"done\n")
    assert is_paused(sleeper)


def test_another_process_with_the_pid_is_left_alone(sleeper: psutil.Process) -> None:
    """The guard does not resume another process with the same PID, which it detects by the start time."""
    sleeper.suspend()
    wait_until("the process to be paused", lambda: is_paused(sleeper))
    resume([(sleeper.pid, sleeper.create_time() - 1000), (2**22 + 1, 0.0)])
    assert is_paused(sleeper)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_runner_that_is_killed(tmp_path: Path, sleeper: psutil.Process, end: signal.Signals) -> None:
    """A process that a runner paused is resumed by its guard after the runner is killed."""
    command = [sys.executable, "-c", RUNNER, str(sleeper.pid), str(tmp_path), "120"]
    runner = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert runner.stdout is not None
    assert runner.stdin is not None
    with runner.stdin, runner.stdout:
        assert runner.stdout.readline() == "broken\n"
        wait_until("the process to be paused", lambda: is_paused(sleeper))
        runner.send_signal(end)
        assert runner.wait(20) == -end
        wait_until("the process to continue", lambda: not is_paused(sleeper), 30)


def test_a_guard_that_is_dismissed_ends(tmp_path: Path, sleeper: psutil.Process) -> None:
    """A guard that is dismissed ends and leaves the process to its runner."""
    sleeper.suspend()
    wait_until("the process to be paused", lambda: is_paused(sleeper))
    guard = Guard(RunningStack.at(tmp_path), (), [(sleeper.pid, sleeper.create_time())], 120)
    guard.dismiss()
    guard.dismiss()
    assert is_paused(sleeper)
