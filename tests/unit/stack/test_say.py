"""The launcher's messages."""

from __future__ import annotations

import io

import pytest

from stack.say import Say, clock


@pytest.mark.parametrize(("seconds", "text"), [(0.06, "0.1 s"), (37.2, "37 s"), (60, "1 min"), (365, "6 min 05 s")])
def test_durations_are_said_as_people_say_them(seconds: float, text: str) -> None:
    """Short durations are printed with a decimal, long ones in minutes and seconds."""
    assert clock(seconds) == text


def test_progress_without_a_terminal_is_whole_lines() -> None:
    """Without a terminal, progress is printed as whole lines and is not redrawn."""
    stream = io.StringIO()
    say = Say(stream)
    say.under_way("building")
    say.line("done")
    assert stream.getvalue() == "done\n"
