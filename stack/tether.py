"""Run a command that must not outlive the process that wants its result:

    python tether.py FD COMMAND…

FD is the reading end of a pipe whose writing end only that process has. When it ends in whatever way (an exception,
SIGHUP of a closed terminal, SIGKILL), the pipe closes and the command's whole process group is ended. Needs nothing but
the standard library. It leads a process group of its own, which the command and its children inherit.
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
    """Run the command; its exit code, or 128 + the signal that ended it, as a shell says it."""
    closed = threading.Event()

    def watch(pipe: int) -> None:
        """Wait for the end of the pipe, then end the group: asked first, killed after a while, this process with it."""
        os.read(pipe, 1)
        closed.set()
        os.killpg(0, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=PATIENCE_SECONDS)
        os.killpg(0, signal.SIGKILL)

    # A handler and not SIG_IGN, which the command would inherit. The group gets the signal as well; we wait for it.
    signal.signal(signal.SIGTERM, lambda *_: None)
    # close_fds, which is the default, keeps the pipe and the locks from the command.
    child = subprocess.Popen(arguments[1:])
    watcher = threading.Thread(target=watch, args=(int(arguments[0]),), daemon=True)
    watcher.start()
    code = child.wait()
    if closed.is_set():
        # Children of the command may live that did not take the first signal.
        watcher.join()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
