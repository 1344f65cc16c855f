"""Compile the text of a template into a function that applies it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from log_gateway.templates.errors import TemplateFailed
from log_gateway.templates.parser import parse_template
from log_gateway.templates.renderer import Frame, block

Render = Callable[[Mapping[str, str], str, int], str]


@lru_cache(128)
def compile_template(template: str) -> Render:
    """Return a function that renders labels, line and timestamp (nanoseconds) to text or raises TemplateFailed.

    QueryError if the template is invalid or uses an unsupported feature.
    """
    parsed = parse_template(template)
    write = block(parsed.nodes)

    def render(labels: Mapping[str, str], line: str, timestamp: int) -> str:
        frame = Frame(labels, line, timestamp, parsed.slots)
        try:
            write(frame)
        except RecursionError:
            raise TemplateFailed("a value is nested too deeply") from None
        text = "".join(frame.out)
        # JSON escapes can be lone surrogates, which are not valid text.
        return text if text.isascii() else text.encode("utf-8", "replace").decode()

    return render
