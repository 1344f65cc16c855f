"""What the pages use of others is what the packages had, and no other."""

from __future__ import annotations

import json
import re
from pathlib import Path

from console.vendoring.files import HERE, SERVED, TAKEN, differing, recorded


def test_the_vendored_files_are_as_they_were_taken() -> None:
    """Each that is served is recorded, and its digest is the recorded one."""
    assert differing() == []
    assert recorded().keys() == TAKEN.keys()


def test_the_lock_pins_what_is_served() -> None:
    """By integrity, in the version that the file itself names."""
    lock = json.loads((HERE / "package-lock.json").read_text())["packages"]["node_modules/uplot"]
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]
    assert wanted == {"uplot": lock["version"]}
    assert re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", lock["integrity"])
    assert f"(v{lock['version']})" in (SERVED / "uPlot.esm.js").read_text()[:400]


def test_a_change_is_noticed(tmp_path: Path) -> None:
    """A file that was edited, lost or added."""
    served = tmp_path / "served"
    served.mkdir()
    for name in ("changed.js", "added.js"):
        (served / name).write_text("evil")
    sums = tmp_path / "files.sha256"
    sums.write_text(f"{'0' * 64}  changed.js\n{'0' * 64}  lost.js\n")
    assert differing(served, sums) == [
        "lost.js is not there",
        "added.js is not in files.sha256",
        "changed.js has been changed",
    ]
