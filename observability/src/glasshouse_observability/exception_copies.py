"""Copies of an exception, for several threads that raise the same failure.

Raising an exception modifies it: Python prepends each frame to ``__traceback__`` and sets ``__context__``. An instance
that sixteen threads raise therefore gets a traceback with frames of all of them. ``copy.copy`` is not a solution: it
calls the class with ``args``, which fails for a class whose ``__init__`` has other parameters than it passes on.
"""

from __future__ import annotations

from typing import Any, TypeVar

Failure = TypeVar("Failure", bound=BaseException)


def copy_of(error: Failure) -> Failure:
    """Return an exception of the same class with the same arguments and attributes; its cause is ``error``.

    ``__init__`` is not called. If the class does not allow such a copy, the original is returned.
    """
    kind = type(error)
    # Attributes that a built-in class stores outside ``__dict__`` (``errno``, ``filename``) are set only by its
    # methods.
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
    # ``object.__getstate__`` returns None, the instance's dictionary, or a pair of that and the values of
    # ``__slots__``.
    attributes, slots = state if isinstance(state, tuple) else (state, None)
    twin.__dict__.update(attributes or {})
    for name, value in (slots or {}).items():
        setattr(twin, name, value)
