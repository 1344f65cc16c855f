"""The messages that the troubleshooting page explains are those of the code."""

from __future__ import annotations

import ast
import re

import pytest

from deploy.tracked import tracked
from stack.paths import ROOT

PAGE = (ROOT / "docs" / "how-to" / "troubleshooting.md").read_text()
LIBRARY = (ROOT / "docs" / "library" / "troubleshooting.md").read_text()
OWN = ("stack/*.py", "observability/src/*.py", "console/*.py", "faults/*.py")
MESSAGE = re.compile(r"^\| (`.+?`) \| ", re.MULTILINE)


def messages() -> list[str]:
    """Return the messages of the tables that are about our own programs."""
    sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)[2:]
    stack = [
        found for section in sections if not section.startswith("With Docker") for found in MESSAGE.findall(section)
    ]
    return stack + MESSAGE.findall(LIBRARY)


def texts() -> str:
    """Return all texts of the programs, one per line."""
    found = []
    for path in tracked(*OWN):
        for node in ast.walk(ast.parse((ROOT / path).read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(" ".join(node.value.split()))
    return "\n".join(found)


def parts(message: str) -> list[str]:
    """Return the fixed parts of a message: what is between ``…``, without the marks of code."""
    return [part.strip("` ") for part in message.split("…") if len(part.strip("` ")) > 2]


TEXTS = texts()


@pytest.mark.parametrize("message", messages())
def test_the_message_exists(message: str) -> None:
    """Each fixed part of the message is a text of the code."""
    assert [part for part in parts(message) if part not in TEXTS] == []


def test_a_message_that_was_changed_is_found() -> None:
    """The check can fail; it covers a table of each section."""
    assert parts("`is in use by …`") == ["is in use by"]
    assert "is taken by" not in TEXTS
    assert len(messages()) > 35
