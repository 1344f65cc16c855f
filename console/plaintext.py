"""Text that is safe to show: the visible text of HTML, without control characters."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_UNSHOWN = ("script", "style", "head", "title")
_BREAKING = ("br", "p", "div", "li", "tr", "h1", "h2", "h3", "h4")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Return ``text`` in a form that is safe in UTF-8, JSON and a terminal; line ends and tabs are kept.

    Terminal escapes and the characters that reorder text become U+FFFD. So do lone surrogates, which result from a mail
    header in an undeclared encoding and cannot be encoded.
    """
    encodable = text.replace("\r\n", "\n").encode("utf-8", "replace").decode("utf-8")
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", encodable)


def one_line(text: str, longest: int) -> str:
    """Return ``text`` in printable form, with white space collapsed, at most ``longest`` characters long."""
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
