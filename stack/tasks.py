"""Running the long commands (apt-get, pip, go): output into a log, a sign of life, ended together with us."""

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
    """Run the command at low priority, append its output to ``log``; return its exit code and the end of its output.

    ``beat`` is called twice a second and may raise to stop the command. If we are interrupted or killed, the command's
    whole process group is ended: it has its own, so that Ctrl-C reaches us first; with ``finish`` it may finish.
    ``keep_open`` are files (locks) that stay held until the command has ended, even if we are killed.
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
    """Builds yield to the stack that already serves."""
    return ["nice", "-n", "10"] if shutil.which("nice") else []


def end(process: subprocess.Popen[bytes]) -> None:
    """End the process group of a command."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=5)
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
