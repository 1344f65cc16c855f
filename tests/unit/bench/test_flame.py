"""Excerpts of flame graphs."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.flame import draw, main, read

LINES = [
    "thread;handle (g.py:1);view (app/x.py:3);load (shop/y.py:9) 30",
    "thread;handle (g.py:2);view (app/x.py:4) 10",
    "thread;handle (g.py:2);log (l.py:7) 60",
    "thread;scrape (m.py:1) 100",
]


def test_only_what_lies_above_the_root_counts() -> None:
    """Lines of code of one function are one frame."""
    top = read(LINES, "handle")
    assert (top.samples, {name: call.samples for name, call in top.calls.items()}) == (
        100,
        {"view (app/x.py)": 40, "log (l.py)": 60},
    )


def test_a_picture_tells_shares() -> None:
    """Well-formed, with each frame's share in its title."""
    picture = draw([("A <b>", read(LINES, "handle"))], ["log"])
    titles = [one.text for one in ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}title")]
    assert titles == ["handle 100.0%", "log (l.py) 60.0%", "view (app/x.py) 40.0%", "load (shop/y.py) 30.0%"]


def test_a_root_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing is written."""
    (tmp_path / "a.raw").write_text("\n".join(LINES))
    arguments = [f"A={tmp_path / 'a.raw'}", "--root", "nothing", "--out", str(tmp_path / "out.svg")]
    assert main(arguments) == 1
    assert "lies above nothing" in capsys.readouterr().err
    assert not (tmp_path / "out.svg").exists()
