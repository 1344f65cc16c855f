"""Copies of exceptions, for raising one exception in several threads."""

from __future__ import annotations

import traceback

import pytest
from pymongo.errors import ServerSelectionTimeoutError
from redis.exceptions import ConnectionError as RedisConnectionError
from werkzeug.exceptions import BadRequestKeyError, TooManyRequests

from glasshouse_observability.exception_copies import copy_of


class TwoArguments(Exception):
    """An exception that passes on one argument and takes two."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"no {kind} {name}")
        self.kind = kind


class Slotted(Exception):
    """An exception with an attribute outside its dictionary."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        super().__init__("late")
        self.seconds = seconds


class OsErrorWithInit(OSError):
    """An exception that takes no argument and passes on two."""

    def __init__(self) -> None:
        super().__init__(111, "refused", "/socket")


class Uncopied(Exception):
    """An exception that cannot be created from its arguments."""

    def __new__(cls, *, secret: str) -> Uncopied:
        assert secret
        return super().__new__(cls)

    def __init__(self, *, secret: str) -> None:
        super().__init__(secret)


def undecodable() -> UnicodeDecodeError:
    return UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")


@pytest.mark.parametrize(
    "error",
    [
        ValueError("a", 2),
        KeyError("key"),
        TwoArguments("product", "lamp"),
        Slotted(2.0),
        OSError(2, "No such file", "name"),
        OsErrorWithInit(),
        undecodable(),
        ServerSelectionTimeoutError("no servers", {"code": 6}),
        RedisConnectionError("refused"),
        TooManyRequests("slowly", retry_after=3),
        BadRequestKeyError("name"),
        ExceptionGroup("two", [ValueError(1), KeyError(2)]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_copy_says_what_the_original_says(error: Exception) -> None:
    """A copy has the class, the text, the arguments and all attributes of the original, which is its cause."""
    twin = copy_of(error)
    assert twin is not error
    assert type(twin) is type(error)
    assert (str(twin), twin.args, vars(twin)) == (str(error), error.args, vars(error))
    names = ("errno", "strerror", "filename", "start", "reason", "seconds", "code", "retry_after", "exceptions")
    assert [getattr(twin, name, None) for name in names] == [getattr(error, name, None) for name in names]
    assert twin.__cause__ is error


def test_raising_a_copy_leaves_the_originals_traceback() -> None:
    """Raising a copy does not change the original's traceback, which is the purpose of the copy."""
    try:
        raise TwoArguments("product", "lamp")
    except TwoArguments as caught:
        error = caught
    before = traceback.format_tb(error.__traceback__)
    for _ in range(3):
        with pytest.raises(TwoArguments) as raised:
            raise copy_of(error)
        assert len(traceback.extract_tb(raised.value.__traceback__)) == 1
    assert traceback.format_tb(error.__traceback__) == before


def test_what_cannot_be_copied_is_returned_itself() -> None:
    """An exception that cannot be copied is returned itself, because callers depend on its class."""
    error = Uncopied(secret="s")
    assert copy_of(error) is error
