"""One log line for each uncaught exception, of the main thread and of others."""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType
from typing import Any

from glasshouse_observability.logs.undo import Changes
from glasshouse_observability.safe import type_name

_log = logging.getLogger("uncaught")


def log_uncaught(changes: Changes) -> None:
    """Install the hooks of ``sys`` and ``threading``.

    A hook that other code has installed before is called after the line is written. Python's own hooks are not, because
    they would print the same traceback again.
    """
    changes.set(sys, "excepthook", _Hook(sys.excepthook))
    changes.set(threading, "excepthook", _ThreadHook(threading.excepthook))


class _Hook:
    """Log an exception that ends the process; ``before`` is the hook that it replaces."""

    def __init__(self, before: Any) -> None:
        # Ours has already been chained if telemetry was started before and not stopped.
        self.before: Any = before.before if isinstance(before, _Hook) else before

    def __call__(self, kind: type[BaseException], error: BaseException, trace_back: TracebackType | None) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            _write(kind, error, trace_back)
            if self.before is sys.__excepthook__:
                return
        self.before(kind, error, trace_back)


class _ThreadHook:
    """Log an exception that ends a thread; ``before`` is the hook that it replaces."""

    def __init__(self, before: Any) -> None:
        self.before: Any = before.before if isinstance(before, _ThreadHook) else before

    def __call__(self, args: threading.ExceptHookArgs) -> None:
        # ``sys.exit`` in a thread ends it without an error, as for Python's own hook.
        if not issubclass(args.exc_type, SystemExit):
            _write(args.exc_type, args.exc_value, args.exc_traceback)
            if self.before is threading.__excepthook__:
                return
        self.before(args)


def _write(kind: type[BaseException], error: BaseException | None, trace_back: TracebackType | None) -> None:
    _log.critical("uncaught %s", type_name(kind), exc_info=(kind, error, trace_back))  # type: ignore[arg-type]
