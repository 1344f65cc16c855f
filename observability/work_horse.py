"""An RQ work horse that runs several jobs: the parent sends them over a socket, reports come back in a file.

The work horse is a fork, as RQ's own is. When its end of the socket is closed, it has exited. It exits by itself when
the parent's end is closed, so that it outlives no parent for longer than its job lasts.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import socket
from dataclasses import dataclass
from typing import Any

from opentelemetry.trace import SpanContext

from observability import fork_report
from observability.unsampled import UnsampledSpan

_DONE = b"."


@dataclass(frozen=True)
class Work:
    """One job for a work horse: ids of job and execution, the queue's name, and the job's span, ended by the parent."""

    job: str
    execution: str
    queue: str
    span: SpanContext
    unsampled: bool
    parent: SpanContext | None = None
    """The span's own parent, if it is not sampled."""

    def dumped(self) -> bytes:
        """As bytes, for our own fork."""
        span, parent = fork_report.dump_context(self.span), fork_report.dump_context(self.parent)
        return pickle.dumps((self.job, self.execution, self.queue, span, self.unsampled, parent))

    @classmethod
    def loaded(cls, values: tuple[Any, ...]) -> Work:
        """The other way."""
        job, execution, queue, span, unsampled, parent = values
        context = fork_report.load_context(span)
        assert context is not None
        return cls(job, execution, queue, context, unsampled, fork_report.load_context(parent))

    def stand_in(self) -> UnsampledSpan | None:
        """What stands in for the span if it is not sampled."""
        return UnsampledSpan.with_ids(self.span, self.parent) if self.unsampled else None


class WorkHorse:
    """Created before the fork; the parent sets ``pid`` after it. ``epoch``: what ``ObservedWorker.epoch`` returned."""

    def __init__(self, epoch: object) -> None:
        self.epoch, self.pid, self.over = epoch, 0, False
        self.report_file = fork_report.open_file()
        self._ours, self._its = socket.socketpair()

    # --- the parent's side ---

    def was_forked(self, pid: int) -> None:
        """In the parent, once."""
        self.pid = pid
        self._its.close()

    def give(self, work: Work) -> bool:
        """Send it the next job, the last being done; ``False`` if it has died since."""
        fork_report.clear(self.report_file)
        try:
            self._ours.recv(len(_DONE))
            self._ours.sendall(work.dumped())
        except OSError:
            return False
        return True

    def wait(self) -> bool:
        """Until its job is done; ``False`` if it is over instead.

        A signal's handler may raise out of it, even when the word is here already: it is only looked at, and taken
        when the next job is given, so that a second call returns the same.
        """
        return self._ours.recv(len(_DONE), socket.MSG_PEEK) == _DONE

    def close(self) -> None:
        """Let go: it ends if it has not, and is reaped."""
        self._ours.close()
        self.report_file.close()
        if not self.over:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, 0)
        self.over = True

    # --- its own side ---

    def begin(self) -> None:
        """In the fork, first: from here on the parent's end is the parent's alone."""
        self._ours.close()
        self._inbox = self._its.makefile("rb")

    def next(self) -> Work | None:
        """Say that a job is done, and wait for another; ``None``: there will be none."""
        try:
            self._its.sendall(_DONE)
            return Work.loaded(pickle.load(self._inbox))  # noqa: S301  (written by our own parent)
        except (EOFError, OSError):
            return None
