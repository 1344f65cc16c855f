"""Execution of long commands (apt-get, pip, go) with a log and progress reports; they stop with this process."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from stack import tether

BEAT_SECONDS = 0.5
TAIL_BYTES = 20_000


def run(
    command: Sequence[str],
    log: Path,
    beat: Callable[[], None],
    *,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
    keep_open: Sequence[IO[str]] = (),
    finish: bool = False,
) -> tuple[int, str]:
    """Run the command at low priority and append its output to ``log``. Returns the exit code and the last output.

    ``beat`` is called twice a second and may raise to stop the command. If this process is interrupted or killed, the
    command's whole process group is stopped. The group is separate, so that Ctrl-C reaches this process first. With
    ``finish``, the command is allowed to finish. ``keep_open`` are files (locks) that stay held until the command has
    exited, even if this process is killed.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as open_files:
        output = open_files.enter_context(log.open("ab"))
        begin = output.tell()
        prefix, kept = nice(), [file.fileno() for file in keep_open]
        if not finish:
            reading, writing = os.pipe()
            open_files.callback(os.close, writing)
            prefix = [sys.executable, "-S", tether.__file__, str(reading), *prefix]
            kept.append(reading)
        process = subprocess.Popen(
            [*prefix, *command],
            cwd=cwd,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=kept,
        )
        if not finish:
            os.close(reading)
        try:
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    code = process.wait(timeout=BEAT_SECONDS)
                    break
                beat()
        except BaseException:
            if finish:
                process.wait()
            else:
                end(process)
            raise
    with log.open("rb") as written:
        size = written.seek(0, os.SEEK_END)
        written.seek(max(begin, size - TAIL_BYTES))
        return code, written.read().decode(errors="replace")


def nice() -> list[str]:
    """Lower the priority, so that builds do not slow down the running stack."""
    return ["nice", "-n", "10"] if shutil.which("nice") else []


def end(process: subprocess.Popen[bytes]) -> None:
    """Stop the process group of a command."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=5)
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
