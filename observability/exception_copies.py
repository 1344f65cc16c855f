"""Copies of an exception, for several threads that raise the same failure.

Python writes into an exception when it is raised: each frame that it passes is put before ``__traceback__``, and
``__context__`` is set. One instance that is raised in sixteen threads therefore ends with a traceback made of frames of
all of them. ``copy.copy`` is no way out: it calls the class with ``args``, which fails for a class whose ``__init__``
takes other arguments than it passes on.
"""

from __future__ import annotations

from typing import Any, TypeVar

Failure = TypeVar("Failure", bound=BaseException)


def copy_of(error: Failure) -> Failure:
    """Return an exception of the same class with the same arguments and attributes; its cause is ``error``.

    ``__init__`` is not called. The original itself is returned where its class cannot be copied in this way.
    """
    kind = type(error)
    # What a built-in class keeps outside ``__dict__`` (``errno``, ``filename``) is set by its own methods only.
    built_in: Any = next(base for base in kind.__mro__ if base.__module__ == "builtins")
    arguments: tuple[object, ...] = built_in.__reduce__(error)[1]
    try:
        twin = kind.__new__(kind, *arguments)
        built_in.__init__(twin, *arguments)
        _set_state(twin, object.__getstate__(error))
    except (TypeError, ValueError, AttributeError):
        return error
    twin.args = error.args
    twin.__cause__ = error
    return twin


def _set_state(twin: BaseException, state: object) -> None:
    # ``object.__getstate__``: None, the instance's dictionary, or a pair of that and what ``__slots__`` hold.
    attributes, slots = state if isinstance(state, tuple) else (state, None)
    twin.__dict__.update(attributes or {})
    for name, value in (slots or {}).items():
        setattr(twin, name, value)
