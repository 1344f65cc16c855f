"""SVG elements as strings. Text and attribute values are escaped; only the results of these functions are markup."""

from __future__ import annotations

from html import escape

Value = str | int | float
FONT, INK = "ui-sans-serif, system-ui, sans-serif", "#22303c"


class Markup(str):
    """A finished element, which is not escaped again."""

    __slots__ = ()


def element(name: str, *children: str, **attributes: Value) -> Markup:
    """Return ``<name …>children</name>``. Children that are not ``Markup`` are text.

    In attribute names, ``_`` becomes ``-`` and a trailing one is dropped (``class_``). Floats are rounded to one
    decimal.
    """
    written = "".join(f' {_name(key)}="{_written(value)}"' for key, value in attributes.items())
    inner = "".join(child if isinstance(child, Markup) else escape(child) for child in children)
    return Markup(f"<{name}{written}>{inner}</{name}>" if children else f"<{name}{written}/>")


def text(x: float, y: float, content: str, **attributes: Value) -> Markup:
    """Return a text whose baseline starts at ``x``, ``y``."""
    return element("text", content, x=x, y=y, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, **attributes: Value) -> Markup:
    """Return a straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, **attributes)


def rect(x: float, y: float, width: float, height: float, **attributes: Value) -> Markup:
    """Return a rectangle."""
    return element("rect", x=x, y=y, width=width, height=height, **attributes)


def document(width: int, height: int, title: str, *children: Markup, background: str = "#fbfcfd") -> str:
    """Return the whole picture, readable on light and dark pages. ``title`` is its accessible name."""
    base = rect(0, 0, width, height, rx=8, fill=background)
    # As attributes of the group they are defaults that a text's attributes override; a style sheet would override
    # those.
    content = element("g", *(Markup(f"\n{child}") for child in children), font_family=FONT, font_size=12, fill=INK)
    return element(
        "svg",
        element("title", title),
        base,
        content,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {height}",
        role="img",
    )


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _written(value: Value) -> str:
    return f"{value:.1f}" if isinstance(value, float) else escape(str(value))
