"""The name of a job's function, without the import of any module of the application.

RQ's ``Job.func_name`` deserialises the whole job. That imports the modules of its arguments, and raises if one is
missing. In the parent of a work horse both would differ from plain RQ: the parent would keep old code in memory, and a
job that cannot be deserialised would end the worker.
"""

from __future__ import annotations

import json
import pickletools
import re
from itertools import islice
from typing import Any

from rq.job import Job

from glasshouse_observability.safe import safe_text

UNKNOWN = "(unknown)"
"""The name of a job whose data cannot be read."""
_CALL = re.compile(r"[\w.]+(?=\()")
_TEXTS = frozenset({"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE"})
_MEMOS = frozenset({"MEMOIZE", "BINPUT", "LONG_BINPUT", "PUT", "PROTO", "FRAME", "MARK"})
_CLASSES = frozenset({"GLOBAL", "STACK_GLOBAL"})
_RECONSTRUCTORS = frozenset({"copyreg._reconstructor", "copy_reg._reconstructor"})
"""What the old protocols of pickle name before the class of an instance."""
MOST_OPERATIONS = 40
"""How many operations of a pickle are read at most, to find the class of a method's instance."""


def job_name(job: Job) -> str:
    """Return the function of a fetched job as ``module.function``, or ``module.Class.method``; never raises."""
    try:
        found = _of_data(job.data)
    except Exception:  # noqa: BLE001  (whatever the data contains, RQ decides what becomes of the job)
        found = None
    if not found:
        # RQ's description of a job begins with the name, unless the application has set its own.
        described = _CALL.match(description) if isinstance(description := job.description, str) else None
        found = described[0] if described else UNKNOWN
    return safe_text(found)


def created_name(job: Job) -> str:
    """Return the same name for a job that this process has created."""
    try:
        name, instance = job.func_name, job.instance
    except Exception:  # noqa: BLE001  (a job class of the application)
        return job_name(job)
    if instance is None:
        return safe_text(name)
    kind = type(instance)
    return safe_text(f"{kind.__module__}.{kind.__qualname__}.{name}")


def _of_data(data: bytes) -> str | None:
    if data[:1] == b"[":
        name = json.loads(data)[0]
        return name if isinstance(name, str) else None
    return _of_pickle(data)


def _of_pickle(data: bytes) -> str | None:
    """Return the first text of the pickled tuple, and before it the class of the second item, if it is an instance."""
    name: str | None = None
    texts: list[str] = []
    for operation, argument, _ in islice(pickletools.genops(data), MOST_OPERATIONS):
        kind = operation.name
        if kind in _MEMOS:
            continue
        if name is None:
            if kind not in _TEXTS:
                return None
            name = str(argument)
        elif kind in _TEXTS:
            texts.append(str(argument))
        elif kind in _CLASSES:
            found = _class(argument, texts)
            if found not in _RECONSTRUCTORS:
                return f"{found}.{name}"
            texts.clear()
        else:
            return name
    return name


def _class(argument: Any, texts: list[str]) -> str:
    if argument:  # GLOBAL
        return str(argument).replace(" ", ".")
    module, name = texts[-2:]
    return f"{module}.{name}"
