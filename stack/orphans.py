"""A supervisord plug-in: when a process has exited, its remaining children are killed.

A killed gunicorn leaves a worker that keeps its port for as long as its clients keep their connections, and supervisord
would start the next gunicorn while the port is in use. supervisord starts each process in a separate process group,
which identifies the children. A process that has left the group (RQ's work horse, which must finish its job) is not
killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Any

from supervisor import events


class Nothing:
    """The XML-RPC interface that a plug-in must provide. It has no methods."""


def end_group(event: Any) -> None:
    """Kill the rest of the process group; called before supervisord starts the process again."""
    pid = event.process.pid
    # A process that could not be started has no group, and group 0 would be supervisord's own.
    if pid and pid > 1:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def make(supervisord: Any, **_: str) -> Nothing:
    """The factory that supervisord calls; its configuration names it."""
    for ended in (events.ProcessStateExitedEvent, events.ProcessStateBackoffEvent, events.ProcessStateStoppedEvent):
        events.subscribe(ended, end_group)
    return Nothing()
