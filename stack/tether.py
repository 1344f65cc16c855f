"""Run a command that must not outlive the process that started it:

    python tether.py FD COMMAND…

FD is the read end of a pipe whose write end only that process holds. When the process exits for any reason (an
exception, SIGHUP of a closed terminal, SIGKILL), the pipe closes and the command's whole process group is stopped.
Needs only the standard library. This process leads its own process group, which the command and its children inherit.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading

PATIENCE_SECONDS = 5.0


def main(arguments: list[str]) -> int:
    """Run the command. Returns its exit code, or 128 + the number of the signal that terminated it, as a shell does."""
    closed = threading.Event()

    def watch(pipe: int) -> None:
        """Wait until the pipe closes, then stop the group: SIGTERM, later SIGKILL, which includes this process."""
        os.read(pipe, 1)
        closed.set()
        os.killpg(0, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=PATIENCE_SECONDS)
        os.killpg(0, signal.SIGKILL)

    # A handler, because the command would inherit SIG_IGN. The group also receives the signal; this process waits for
    # it.
    signal.signal(signal.SIGTERM, lambda *_: None)
    # close_fds, the default, prevents the command from inheriting the pipe and the locks.
    child = subprocess.Popen(arguments[1:])
    watcher = threading.Thread(target=watch, args=(int(arguments[0]),), daemon=True)
    watcher.start()
    code = child.wait()
    if closed.is_set():
        # Children of the command that ignored the first signal may still be alive.
        watcher.join()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
