"""SVG elements: escaping and number formats."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from lab.charts.scales import decades, round_steps, scale
from lab.charts.svg import document, element, rect, text

SPACE = "{http://www.w3.org/2000/svg}"
HOSTILE = '</text><script>alert("x")</script>&'


def test_text_and_attributes_are_escaped() -> None:
    """Hostile text is still text after parsing, in content, in attributes and in the title."""
    drawn = document(10, 10, HOSTILE, text(1, 2, HOSTILE, class_=HOSTILE))
    root = ElementTree.fromstring(drawn)
    (found,) = root.iter(f"{SPACE}text")
    assert (found.text, found.attrib["class"], root.findtext(f"{SPACE}title")) == (HOSTILE, HOSTILE, HOSTILE)
    assert not list(root.iter(f"{SPACE}script"))


def test_elements_are_not_escaped_twice() -> None:
    """An element within an element is not escaped, and text next to it is."""
    assert element("g", rect(0, 1, 2.04, 3), "a<b") == ('<g><rect x="0" y="1" width="2.0" height="3"/>a&lt;b</g>')


def test_a_text_may_override_the_defaults() -> None:
    """A text can override the default font and colour.

    They are attributes of a group, because a style sheet would take precedence over the text's own attributes.
    """
    root = ElementTree.fromstring(document(10, 10, "t", text(0, 0, "a", fill="#123", font_size=9)))
    assert not list(root.iter(f"{SPACE}style"))
    (found,) = root.iter(f"{SPACE}text")
    assert (found.attrib["fill"], found.attrib["font-size"]) == ("#123", "9")


def test_scales() -> None:
    """Scales are linear or logarithmic, rising or falling, and a range of one value does not divide by zero."""
    assert scale(0, 10, 100, 200)(5) == 150
    assert scale(1, 100, 200, 0, logarithmic=True)(10) == 100
    assert scale(3, 3, 0, 10)(3) == 0


def test_ticks() -> None:
    """Linear ticks are round numbers up to the maximum; logarithmic ticks are whole decades around the values."""
    assert round_steps(7.0) == [0.0, 2.0, 4.0, 6.0, 8.0]
    assert decades(0.02, 3.0) == [0.01, 0.1, 1.0, 10.0]
    assert decades(10.0, 10.0) == [10.0, 100.0]
