"""Settings classes: frozen dataclasses whose fields declare the variable from which they are read."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from glasshouse_observability.settings.kinds import Kind
from glasshouse_observability.settings.reader import REQUIRED, Declared, Reader

T = TypeVar("T")
F = TypeVar("F", bound="FromEnv")
_KEY = "setting"


def setting(
    name: str,
    kind: Kind[T],
    default: T,
    about: str,
    *,
    computed: Callable[[], T] | None = None,
    default_shown: str = "",
    aliases: tuple[str, ...] = (),
    lenient: bool = False,
) -> T:
    """Return a dataclass field that is read from the variable ``name``.

    ``default`` may be ``REQUIRED``. ``computed`` returns a default at run time, which ``default_shown`` then describes.
    ``aliases`` are other names for the variable, which are checked in order after ``name``. If ``lenient``, a wrong
    value of a variable that OpenTelemetry defines (``OTEL_…``) is ignored with a warning. A setting that may hold a
    secret is omitted from the dataclass's ``repr``.
    """
    metadata = {_KEY: (Declared(name, kind, default, about, default_shown, aliases, lenient), computed)}
    is_shown = not kind.sensitive
    field: Any
    if computed is not None:
        field = dataclasses.field(default_factory=computed, metadata=metadata, repr=is_shown)
    elif default is REQUIRED:
        field = dataclasses.field(metadata=metadata, repr=is_shown)
    else:
        field = dataclasses.field(default=default, metadata=metadata, repr=is_shown)
    return cast(T, field)


def nested(cls: type[F]) -> F:
    """Return a dataclass field that holds the settings of another class."""
    return dataclasses.field(default_factory=cls, metadata={_KEY: cls})


class FromEnv:
    """Base of settings classes."""

    __slots__ = ()

    @classmethod
    def from_env(cls: type[F], env: Mapping[str, str] | None = None) -> F:
        """Read every setting from ``env`` (default: the process's environment).

        Raises:
            WrongSetting: names every setting that is missing or wrong.
        """
        reader = Reader(env)
        found = cls.read(reader)
        reader.finish()
        return found

    @classmethod
    def read(cls: type[F], reader: Reader) -> F:
        """Return the settings that this reader reads; it collects the problems."""
        values: dict[str, Any] = {}
        for field in dataclasses.fields(cast(Any, cls)):  # each subclass is a dataclass
            how = field.metadata.get(_KEY)
            if isinstance(how, tuple):
                declared, computed = how
                values[field.name] = reader.value(declared, computed() if computed else None)
            elif how is not None:
                values[field.name] = how.read(reader)
        found = cls(**values)
        found.check(reader)
        return found

    def check(self, reader: Reader) -> None:
        """Report problems of settings that do not fit together. By default there are none."""
