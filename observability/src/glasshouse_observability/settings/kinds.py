"""Kinds of settings: which values are allowed, and how a text is converted.

The text that a kind receives is not empty and has no surrounding blanks and no control characters (``reader``).
"""

from __future__ import annotations

import re
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, TypeVar

from glasshouse_observability.settings.errors import Refused
from glasshouse_observability.settings.shown import MASK, quoted

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")
YES, NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?")
_MOST_DIGITS = 18


def is_ipv6(text: str) -> bool:
    """Return whether the text is an IPv6 address, without brackets and zone."""
    if not re.fullmatch(r"[0-9A-Fa-f:.]{2,45}", text):
        return False
    try:
        socket.inet_pton(socket.AF_INET6, text)
    except OSError:
        return False
    return True


class Kind(ABC, Generic[T_co]):
    """``allowed`` completes the sentence "it must be …"; ``sensitive`` means that a value may hold a secret.

    A sensitive setting NAME can also be read from a file, whose path is in NAME_FILE.
    """

    allowed = ""
    sensitive = False

    @abstractmethod
    def parse(self, text: str) -> T_co:
        """Return the value of ``text``. Raises ``Refused``."""

    def shown(self, text: str) -> str:
        """Return the text as it may be printed."""
        return quoted(text)


class Text(Kind[str]):
    """Any text on one line, of at most ``longest`` characters."""

    def __init__(self, longest: int = 4096) -> None:
        self._longest = longest
        self.allowed = f"text of at most {longest} characters"

    def parse(self, text: str) -> str:
        """Return the text unchanged."""
        if len(text) > self._longest:
            raise Refused
        return text


class Pattern(Kind[str]):
    """A text that a regular expression matches completely; ``check`` may raise ``ValueError`` to reject others."""

    def __init__(self, pattern: str, allowed: str, check: Callable[[str], object] | None = None) -> None:
        self._pattern, self._check = re.compile(pattern, re.ASCII), check
        self.allowed = allowed

    def parse(self, text: str) -> str:
        """Return the text unchanged."""
        if not self._pattern.fullmatch(text):
            raise Refused
        if self._check is not None:
            try:
                self._check(text)
            except ValueError:
                raise Refused from None
        return text


class Whole(Kind[int]):
    """A whole number: decimal ASCII digits, without ``+``, ``_``, point or exponent."""

    def __init__(self, low: int, high: int, what: str = "a whole number") -> None:
        self._low, self._high = low, high
        self.allowed = f"{what} from {low} to {high}"

    def parse(self, text: str) -> int:
        """Return the number."""
        if not re.fullmatch(rf"-?[0-9]{{1,{_MOST_DIGITS}}}", text) or not self._low <= int(text) <= self._high:
            raise Refused
        return int(text)


class Port(Whole):
    """A TCP port; with ``or_none`` also 0, which means no port."""

    def __init__(self, *, or_none: bool = False) -> None:
        super().__init__(0 if or_none else 1, 65535, "a port number")


class Number(Kind[float]):
    """A decimal number: ASCII digits, at most one point, no exponent; never infinite or NaN."""

    def __init__(self, low: float, high: float, what: str = "a decimal number") -> None:
        self._low, self._high = low, high
        self.allowed = f"{what} from {low:g} to {high:g}"

    def parse(self, text: str) -> float:
        """Return the number."""
        digits = rf"-?(?:[0-9]{{1,{_MOST_DIGITS}}}(?:\.[0-9]{{0,{_MOST_DIGITS}}})?|\.[0-9]{{1,{_MOST_DIGITS}}})"
        if not re.fullmatch(digits, text) or not self._low <= float(text) <= self._high:
            raise Refused
        return float(text)


class Seconds(Number):
    """A duration: a decimal number of seconds, without a unit."""

    def __init__(self, low: float, high: float) -> None:
        super().__init__(low, high, "a decimal number of seconds")


class Switch(Kind[bool]):
    """On or off, in upper or lower case."""

    allowed = f"{', '.join(YES)} or {', '.join(NO)}"

    def parse(self, text: str) -> bool:
        """Return whether it is on."""
        if text.lower() not in YES + NO:
            raise Refused
        return text.lower() in YES


class Choice(Kind[str]):
    """One of several words, in upper or lower case, and returned as declared."""

    def __init__(self, *words: str) -> None:
        self._words = {word.lower(): word for word in words}
        self.allowed = f"one of {', '.join(words)}"

    def parse(self, text: str) -> str:
        """Return the word."""
        if text.lower() not in self._words:
            raise Refused
        return self._words[text.lower()]


class Host(Kind[str]):
    """A host name or an IP address, IPv6 with or without brackets; returned without them."""

    allowed = "a host name or an IP address"

    def parse(self, text: str) -> str:
        """Return the name or address."""
        bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
        if ":" in bare or bare != text:
            if not is_ipv6(bare):
                raise Refused
            return bare
        if len(text) > 253 or not _HOST_NAME.fullmatch(text):
            raise Refused
        return text


class ListOf(Kind[tuple[T, ...]]):
    """Comma-separated values; blanks around them and empty values are ignored."""

    def __init__(self, kind: Kind[T]) -> None:
        self._kind = kind
        self.sensitive = kind.sensitive
        self.allowed = f"a comma-separated list, each item {kind.allowed}"

    def parse(self, text: str) -> tuple[T, ...]:
        """Return the values."""
        return tuple(self._kind.parse(part.strip()) for part in text.split(",") if part.strip())

    def shown(self, text: str) -> str:
        """Return the whole list, or each item as its kind shows it if an item may hold a secret."""
        if not self.sensitive:
            return quoted(text)
        return ", ".join(self._kind.shown(part.strip()) for part in text.split(",")[:5])


class Secret(Kind[str]):
    """A text that is never printed; not even its length is shown."""

    sensitive = True

    def __init__(self, shortest: int = 1, hint: str = "") -> None:
        self._shortest = shortest
        self.allowed = f"a secret of at least {shortest} characters" if shortest > 1 else "a secret"
        self.allowed += f" ({hint})" if hint else ""

    def parse(self, text: str) -> str:
        """Return the secret."""
        if len(text) < self._shortest:
            raise Refused
        return text

    def shown(self, text: str) -> str:
        """Return the same text for every secret."""
        return MASK
