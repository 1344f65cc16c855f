"""The ids of the current request or job, which all of its signals carry.

They are stored in context variables, so they are available in threads started with ``contextvars.copy_context`` and
never leak from one request to the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from random import getrandbits
from typing import Any

from opentelemetry import trace

from glasshouse_observability.field_names import OF_REQUESTS, shown_as
from glasshouse_observability.safe import PLAIN, safe_attribute, safe_name, safe_text

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
job_id: ContextVar[str | None] = ContextVar("job_id", default=None)

notes: ContextVar[dict[str, Any] | None] = ContextVar("notes", default=None)
"""Fields that ``note`` has added to the current request; its log line contains those that are present at its end."""

# Long enough for every common scheme (UUID, ULID, trace id), too short for an attack on the log store.
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{8,128}")


def accept_request_id(candidate: str | None) -> str:
    """Return ``candidate`` if it is a valid id (8-128 letters, digits, ``.``, ``_``, ``-``), else a new one.

    A new id has 32 hexadecimal digits, like NGINX's ``$request_id``. The id is returned in a header and written to
    logs, so input from a client is validated first.
    """
    if type(candidate) is str and _ACCEPTED.fullmatch(candidate):
        return candidate
    return f"{getrandbits(128):032x}"


def note(name: str, value: object) -> None:
    """Add a field to the current request's log line and an attribute to its span; outside a request only to the span.

    Use it for facts that become known during a request and describe it as a whole, such as which cache answered. Any
    value is accepted; what a line or span cannot carry is replaced (``safe.safe_attribute``). In the line, ``.`` in the
    name becomes ``_``, and a name that the line itself uses gets the prefix ``extra_``.
    """
    if type(name) is not str or not name:
        name = safe_name(name)
    if type(value) not in PLAIN:
        value = safe_attribute(value)
    noted = notes.get()
    if noted is not None:
        noted[shown_as(name.replace(".", "_"), OF_REQUESTS)] = value
    trace.get_current_span().set_attribute(name, value)  # type: ignore[arg-type]


@contextmanager
def bind_ids(request: object = None, job: object = None) -> Iterator[None]:
    """Add these ids, as texts, to every log line within the block; ``None`` leaves an id unchanged."""
    tokens = []
    if request is not None:
        tokens.append((request_id, request_id.set(safe_text(request))))
    if job is not None:
        tokens.append((job_id, job_id.set(safe_text(job))))
    try:
        yield
    finally:
        for variable, token in reversed(tokens):
            variable.reset(token)
