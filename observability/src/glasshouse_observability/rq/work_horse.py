"""An RQ work horse that runs several jobs: the parent sends them over a socket and reads reports from a file.

The work horse is a fork, like RQ's own. When its end of the socket is closed, it has exited. It exits when the parent's
end is closed, so it outlives its parent only until the end of its current job.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import socket
from dataclasses import dataclass

from opentelemetry.trace import NonRecordingSpan, Span, SpanContext

from glasshouse_observability.rq import fork_report
from glasshouse_observability.rq.spans import dump_context, load_context
from glasshouse_observability.traces.unsampled import UnsampledSpan

_DONE = b"."
_LENGTH_BYTES = 4


@dataclass(frozen=True)
class Work:
    """One job for a work horse: ids of job and execution, the queue's name, and the span, which the parent ends."""

    job: str
    execution: str
    queue: str
    span: SpanContext | None = None
    """``None`` if jobs are not observed."""
    unsampled: bool = False
    parent: SpanContext | None = None
    """The span's own parent, if it is not sampled."""

    def dumped(self) -> bytes:
        """Return the job as bytes, for a fork of this process."""
        span, parent = dump_context(self.span), dump_context(self.parent)
        return marshal.dumps((self.job, self.execution, self.queue, span, self.unsampled, parent))

    @classmethod
    def loaded(cls, content: bytes) -> Work:
        """Return the job that these bytes contain."""
        job, execution, queue, span, unsampled, parent = marshal.loads(content)  # noqa: S302  (from our own parent)
        return cls(job, execution, queue, load_context(span), unsampled, load_context(parent))

    def span_copy(self) -> Span | None:
        """Return the copy of the job's span for the work horse; ``None`` if jobs are not observed."""
        if self.span is None:
            return None
        if self.unsampled:
            return UnsampledSpan.with_ids(self.span, self.parent)
        return NonRecordingSpan(self.span)


class WorkHorse:
    """Created before the fork; the parent sets ``pid`` after it.

    ``epoch`` is the value that ``ReusingWorker.epoch`` returned.
    """

    def __init__(self, epoch: object) -> None:
        self.epoch, self.pid, self.over = epoch, 0, False
        self.report_file = fork_report.open_file()
        self._ours, self._its = socket.socketpair()

    # --- the parent's side ---

    def was_forked(self, pid: int) -> None:
        """In the parent, once after the fork: close the child's end."""
        self.pid = pid
        self._its.close()

    def give(self, work: Work) -> bool:
        """Send the next job after the last one is done; return ``False`` if the work horse has died since."""
        fork_report.clear(self.report_file)
        try:
            self._ours.recv(len(_DONE))
            content = work.dumped()
            self._ours.sendall(len(content).to_bytes(_LENGTH_BYTES) + content)
        except OSError:
            return False
        return True

    def wait(self) -> bool:
        """Wait until its job is done; return ``False`` if it has exited instead.

        A signal handler may raise out of this method, even when the message has already arrived. The message is only
        peeked at, and consumed when the next job is sent, so a second call returns the same result.
        """
        return self._ours.recv(len(_DONE), socket.MSG_PEEK) == _DONE

    def close(self) -> None:
        """Release the work horse: it exits if it has not, and is reaped."""
        self._ours.close()
        self.report_file.close()
        if not self.over:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, 0)
        self.over = True

    # --- its own side ---

    def begin(self) -> None:
        """In the fork, first: close the parent's end."""
        self._ours.close()
        self._inbox = self._its.makefile("rb")

    def next(self) -> Work | None:
        """Report that a job is done, and wait for another; ``None`` if there is none."""
        try:
            self._its.sendall(_DONE)
            length = self._inbox.read(_LENGTH_BYTES)
            return Work.loaded(self._inbox.read(int.from_bytes(length))) if length else None
        except (EOFError, OSError):
            return None
