"""Text that may be shown: HTML reduced to what its reader would see, control characters taken out."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_UNSHOWN = ("script", "style", "head", "title")
_BREAKING = ("br", "p", "div", "li", "tr", "h1", "h2", "h3", "h4")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Return ``text`` fit for UTF-8, JSON and a terminal; keeps line ends and tabs.

    Terminal escapes and the characters that reorder what is read become U+FFFD, as do lone surrogates, which a
    mail header in an undeclared encoding leaves behind and which could not be encoded again.
    """
    encodable = text.replace("\r\n", "\n").encode("utf-8", "replace").decode("utf-8")
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", encodable)


def one_line(text: str, longest: int) -> str:
    """Return ``text`` printable, its white space folded, at most ``longest`` characters long."""
    folded = " ".join(printable(text).split())
    return folded if len(folded) <= longest else folded[: longest - 1] + "…"


class _Reader(HTMLParser):
    """Collects the text between tags, with a line end where a block begins."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._unshown = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unshown += tag in _UNSHOWN
        if tag in _BREAKING:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSHOWN and self._unshown:
            self._unshown -= 1

    def handle_data(self, data: str) -> None:
        if not self._unshown:
            self.pieces.append(data)


def html_text(html: str) -> str:
    """Return the readable text of an HTML page: no tags, no scripts, at most one blank line in a row."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.pieces).splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
