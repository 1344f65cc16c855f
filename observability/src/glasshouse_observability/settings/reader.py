"""The reader of declared variables, which collects all problems."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from glasshouse_observability.settings.errors import Problem, Refused, WrongSetting
from glasshouse_observability.settings.kinds import Kind
from glasshouse_observability.settings.misspelled import misspelled
from glasshouse_observability.settings.secret_file import secret_of_file
from glasshouse_observability.settings.shown import quoted_secret_path

T = TypeVar("T")
S_co = TypeVar("S_co", covariant=True)
BLANKS = " \t\r\n\v\f"
LONGEST_VALUE = 8192  # characters
# Control characters (C0, C1, DEL), and the surrogates that represent bytes that are not UTF-8.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class _Required:
    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Final[Any] = _Required()
"""As a default: the variable is required."""


@dataclass(frozen=True)
class Declared(Generic[T]):
    """One variable. ``about`` describes it; ``default_shown`` describes its default if that is computed.

    If ``lenient``, a wrong value of an ``OTEL_…`` variable is ignored with a warning.
    """

    name: str
    kind: Kind[T]
    default: T
    about: str
    default_shown: str = ""
    aliases: tuple[str, ...] = ()
    lenient: bool = False

    @property
    def file_name(self) -> str:
        """The variable that names a file with the value, for a value that may hold a secret; else ""."""
        return f"{self.name}_FILE" if self.kind.sensitive else ""


class Readable(Protocol[S_co]):
    """A settings class (``declare.FromEnv``)."""

    @classmethod
    def read(cls, reader: Reader) -> S_co:
        """Return the settings that this reader reads."""


class Reader:
    """Read variables of ``env`` (default: the environment of the process).

    ``defaults`` are texts for variables that are not set. If a variable is wrong, the problem is added to ``problems``
    and the default is used, so that one start reports every mistake: call ``finish`` before using any value. ``asked``
    holds the variables that were read, for the documentation and tests.
    """

    def __init__(self, env: Mapping[str, str] | None = None, **defaults: str) -> None:
        self._env = os.environ if env is None else env
        self._defaults = defaults
        self.problems: list[Problem] = []
        self.asked: dict[str, Declared[Any]] = {}
        self.ignored: list[str] = []
        """One sentence for each value that was ignored, because OpenTelemetry requires that."""

    def value(self, declared: Declared[T], default: T | None = None) -> T:
        """Return the value of one variable; ``default`` replaces the declared default."""
        self.asked[declared.name] = declared
        fallback = declared.default if default is None else default
        set_name = next((name for name in (declared.name, *declared.aliases) if self._text(name)), "")
        if declared.file_name and (path := self._text(declared.file_name)):
            return self._of_file(declared, path, set_name, fallback)
        if set_name and not declared.lenient:
            return self._parsed(set_name, self._text(set_name), declared.kind, fallback)
        if set_name and (usable := self._usable(declared)):
            return self._parsed(usable, self._text(usable), declared.kind, fallback)
        if given := self._defaults.get(declared.name):
            return self._parsed(declared.name, given, declared.kind, fallback)
        if fallback is REQUIRED:
            or_file = f", or {declared.file_name} the path of a file that holds it" if declared.file_name else ""
            self.problems.append(Problem(declared.name, None, declared.kind.allowed + or_file))
        return fallback

    def prefer(self, name: str, text: str) -> None:
        """Use ``text`` for the variable ``name`` if it is not set, before any other default."""
        self._defaults[name] = text

    def settings(self, cls: type[Readable[S_co]]) -> S_co:
        """Return the settings of a class."""
        return cls.read(self)

    def refuse(self, name: str, shown: str | None, allowed: str) -> None:
        """Report a setting that is wrong in combination with others, such as one of two that exclude each other."""
        self.problems.append(Problem(name, shown, allowed))

    def is_set(self, name: str) -> bool:
        """Return whether the variable has a value; an empty variable counts as not set."""
        return bool(self._text(name))

    def finish(self) -> None:
        """Raise ``WrongSetting`` if any setting that was read is wrong."""
        if self.problems:
            raise WrongSetting(*dict.fromkeys(self.problems))

    def warnings(self) -> list[str]:
        """Return warnings about variables that look like misspelled settings; call it after all settings were read."""
        known = {name for declared in self.asked.values() for name in (declared.name, *declared.aliases)}
        known |= {declared.file_name for declared in self.asked.values() if declared.file_name}
        return misspelled(self._env, known)

    def _text(self, name: str) -> str:
        return self._env.get(name, "").strip(BLANKS)

    def _parsed(self, name: str, text: str, kind: Kind[T], default: T) -> T:
        allowed = kind.allowed
        if len(text) > LONGEST_VALUE:
            allowed = f"{allowed}, at most {LONGEST_VALUE} characters long"
        elif _UNFIT.search(text):
            allowed = f"{allowed}, in UTF-8 and without control characters"
        else:
            try:
                return kind.parse(text)
            except Refused as refused:
                allowed += f" ({refused.detail})" if refused.detail else ""
        self.problems.append(Problem(name, kind.shown(text), allowed))
        return default

    def _usable(self, declared: Declared[Any]) -> str:
        """Return the first variable that may be used; wrong values of ``OTEL_…`` variables before it cause warnings."""
        for name in (declared.name, *declared.aliases):
            if not (text := self._text(name)):
                continue
            before = len(self.problems)
            self._parsed(name, text, declared.kind, None)
            if len(self.problems) == before:
                return name
            problem = self.problems.pop()
            if not name.startswith("OTEL_"):
                return name
            self.ignored.append(f"{problem}; the value is ignored")
        return ""

    def _of_file(self, declared: Declared[T], path: str, set_name: str, default: T) -> T:
        """Return the value in a file. If the variable ``set_name`` has a value too, that is an error."""
        if set_name:
            self.problems.append(Problem(declared.file_name, quoted_secret_path(path), f"omitted if {set_name} is set"))
            return default
        allowed = f"the path of a readable file that holds {declared.kind.allowed}"
        try:
            held = secret_of_file(path).strip(BLANKS)
            if not held or _UNFIT.search(held):
                raise Refused("it is empty" if not held else "it holds more than one line of text")
            return declared.kind.parse(held)
        except Refused as refused:
            allowed += f" ({refused.detail})" if refused.detail else ""
            self.problems.append(Problem(declared.file_name, quoted_secret_path(path), allowed))
            return default
