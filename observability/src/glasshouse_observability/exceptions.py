"""Conversion of exceptions to structured data, whatever their classes do."""

from __future__ import annotations

import traceback
from types import TracebackType
from typing import Any

from glasshouse_observability.safe import Repair, safe_attributes, type_name


def exception_fields(error: BaseException, trace_back: TracebackType | None) -> tuple[dict[str, str], list[str]]:
    """Return an exception as OpenTelemetry's ``exception.*`` attributes, with ``_`` for ``.``.

    The second result lists the fields in which a part had to be replaced, such as the message of an exception whose
    ``__str__`` raises.
    """
    stack, stack_replaced = _stack(error, trace_back)
    found, replaced = {}, ["exception_stacktrace"] if stack_replaced else []
    parts = {"exception_type": kind_of(error), "exception_message": error, "exception_stacktrace": stack}
    for name, part in parts.items():
        repair = Repair()
        found[name] = repair.text(part)
        if repair.replaced:
            replaced.append(name)
    return found, replaced


def exception_attributes(error: BaseException, attributes: object = None) -> dict[str, Any]:
    """Return the attributes of OpenTelemetry's event ``exception``, and ``attributes``."""
    fields, _ = exception_fields(error, error.__traceback__)
    return {**{name.replace("_", ".", 1): value for name, value in fields.items()}, **safe_attributes(attributes)}


def printable(error: BaseException) -> BaseException:
    """Return the exception, or one that replaces it for code that fails if ``str(error)`` raises.

    The replacement has the same traceback and a class of the same name, but not the same class.
    """
    try:
        str(error)
    except Exception as failure:  # noqa: BLE001  (whatever code of the exception's class raises)
        kind = type(type_name(type(error)), (Exception,), {"__module__": kind_of(error).rpartition(".")[0]})
        replacement: BaseException = kind(f"<no text, because of {type_name(type(failure))}>")
        return replacement.with_traceback(error.__traceback__)
    return error


def kind_of(error: BaseException) -> str:
    """Return the name of the exception's class with its module."""
    try:
        module = type.__dict__["__module__"].__get__(type(error))
    except AttributeError:
        module = None
    name: str = type.__dict__["__qualname__"].__get__(type(error))
    return f"{module}.{name}" if type(module) is str else name


def described(error: BaseException) -> str:
    """Return the name of the exception's class and its message."""
    return f"{type_name(type(error))}: {Repair().text(error)}"


def _stack(error: BaseException, trace_back: TracebackType | None) -> tuple[str, bool]:
    """Return the stack trace, and whether a part of it is missing."""
    for read in (_whole_stack, _frames_only):
        try:
            return read(error, trace_back), read is not _whole_stack
        except Exception:  # noqa: BLE001, S112  (whatever code of the exception's class raises)
            continue
    return described(error), True


def _whole_stack(error: BaseException, trace_back: TracebackType | None) -> str:
    return "".join(traceback.format_exception(type(error), error, trace_back))


def _frames_only(error: BaseException, trace_back: TracebackType | None) -> str:
    return "".join([*traceback.format_tb(trace_back), described(error)])
