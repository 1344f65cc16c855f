"""Who asked: the ids that every signal of one request or job carries.

They live in context variables, so they follow the work through threads started with ``contextvars.copy_context``
and never leak from one request to the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from random import getrandbits

from opentelemetry import trace

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
job_id: ContextVar[str | None] = ContextVar("job_id", default=None)

notes: ContextVar[dict[str, str | int | float] | None] = ContextVar("notes", default=None)
"""What ``note`` has added to the current request; the request's log line takes what is there at its end."""

# Long enough for every common scheme (UUID, ULID, trace id), too short to be an attack on the log store.
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{8,128}")


def accept_request_id(candidate: str | None) -> str:
    """``candidate`` if it is a sane id (8-128 letters, digits, ``.``, ``_``, ``-``), else a fresh one.

    A fresh one has 32 hexadecimal digits, as NGINX's ``$request_id``.
    The id is echoed in a header and written to logs: what a client sends is not repeated unchecked.
    """
    if candidate and _ACCEPTED.fullmatch(candidate):
        return candidate
    return f"{getrandbits(128):032x}"


def note(name: str, value: str | int | float) -> None:
    """Add a field to the current request's log line and an attribute to its span; outside a request to the span alone.

    For what is known in the middle of a request and belongs to it as a whole: which cache answered, for example.
    """
    noted = notes.get()
    if noted is not None:
        noted[name.replace(".", "_")] = value
    trace.get_current_span().set_attribute(name, value)


@contextmanager
def bind_ids(request: str | None = None, job: str | None = None) -> Iterator[None]:
    """Within the block every log line carries these ids; ``None`` leaves an id as it is."""
    tokens = []
    if request is not None:
        tokens.append((request_id, request_id.set(request)))
    if job is not None:
        tokens.append((job_id, job_id.set(job)))
    try:
        yield
    finally:
        for variable, token in reversed(tokens):
            variable.reset(token)
