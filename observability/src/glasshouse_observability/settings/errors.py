"""The exceptions for wrong settings, and their messages."""

from __future__ import annotations

from typing import NamedTuple

MISCONFIGURED = 78
"""Exit status of a process whose settings are wrong (``EX_CONFIG`` of sysexits.h): restarting cannot help."""


class Problem(NamedTuple):
    """One wrong setting.

    ``shown`` is its value as it may be printed, with secrets masked, or ``None`` if it is not set.
    """

    name: str
    shown: str | None
    allowed: str

    def __str__(self) -> str:
        state = "is not set" if self.shown is None else f"is {self.shown}"
        return f"{self.name} {state}: it must be {self.allowed}"


class WrongSetting(ValueError):
    """Settings are missing or wrong. The message names each of them, its value and what is allowed, in one line."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems

    @property
    def names(self) -> list[str]:
        """Return the names of the wrong variables."""
        return [problem.name for problem in self.problems]


class Refused(ValueError):
    """Raised by a kind if a value is not allowed. ``detail`` is the reason and never contains the value."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
