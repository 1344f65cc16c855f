"""Loaded into supervisord: when a process has ended, the children that it left are ended too.

A killed gunicorn leaves a worker that keeps its port for as long as its clients keep their connections, and supervisord
starts the next one against a taken port. supervisord gives each process a process group of its own, so the children
can be found; what has left the group (RQ's work horse, which is to finish its job) is not touched.
"""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Any

from supervisor import events


class Nothing:
    """The XML-RPC interface that a plug-in has to bring: it has no methods."""


def end_group(event: Any) -> None:
    """Kill what is left of the process group; called before supervisord starts the process again."""
    pid = event.process.pid
    # A process that could not even be started has none, and group 0 would be supervisord's own.
    if pid and pid > 1:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def make(supervisord: Any, **_: str) -> Nothing:
    """The factory that supervisord calls, as its configuration says."""
    for ended in (events.ProcessStateExitedEvent, events.ProcessStateBackoffEvent, events.ProcessStateStoppedEvent):
        events.subscribe(ended, end_group)
    return Nothing()
