"""Reading and listing the dashboard files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from console.boards.files import MAX_BYTES, Dashboards


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with three dashboards, one of them under another file name, and their declarations."""
    boards = tmp_path / "dashboards"
    boards.mkdir()
    for name, uid, title in (
        ("a", "shop-data", "Data"),
        ("shop-overview", "shop-overview", "Overview"),
        ("c", "x", ""),
    ):
        (boards / f"{name}.json").write_text(json.dumps({"uid": uid, "title": title, "description": f"About {uid}."}))
    declared = {"//": "a remark", "shop-data": {"Failed": {"data": {"when": "after a failure"}}}}
    (tmp_path / "panels.json").write_text(json.dumps(declared))
    return boards


def test_the_overview_is_listed_first(folder: Path) -> None:
    """The overview is listed first, then the other dashboards by title, each with its description."""
    found = Dashboards(folder).list()
    assert [board["uid"] for board in found] == ["shop-overview", "x", "shop-data"]
    assert found[0] == {"uid": "shop-overview", "title": "Overview", "description": "About shop-overview."}


def test_a_dashboard_is_found_by_its_uid(folder: Path) -> None:
    """A dashboard is found by its UID, whatever the name of its file."""
    board = Dashboards(folder).get("shop-data")
    assert board is not None
    assert board["title"] == "Data"


@pytest.mark.parametrize("uid", ["nothing", "../panels", "..%2fpanels", "a/b", "", "x" * 41, "a\n"])
def test_no_other_file_is_a_dashboard(folder: Path, uid: str) -> None:
    """No other file can be read as a dashboard, because a UID is a name and not a path."""
    assert Dashboards(folder).get(uid) is None


def test_what_cannot_be_read_is_left_out(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A broken file is logged and does not affect other dashboards, and a file that is too large is not read."""
    (folder / "broken.json").write_text("{")
    (folder / "list.json").write_text("[]")
    (folder / "large.json").write_text(json.dumps({"uid": "large", "title": "x" * MAX_BYTES}))
    assert {board["uid"] for board in Dashboards(folder).list()} == {"shop-overview", "x", "shop-data"}
    assert "the dashboard file broken.json cannot be read" in caplog.text


def test_a_change_is_seen_at_once(folder: Path) -> None:
    """A changed file takes effect at once, because files are read again for each request, as in Grafana."""
    boards = Dashboards(folder)
    assert boards.get("new") is None
    (folder / "new.json").write_text(json.dumps({"uid": "new"}))
    assert boards.get("new") == {"uid": "new"}


def test_what_is_declared_belongs_to_a_dashboard(folder: Path) -> None:
    """Declarations belong to a dashboard by the panel's title.

    Remarks, and dashboards without declarations, have none.
    """
    boards = Dashboards(folder)
    assert boards.declared("shop-data") == {"Failed": {"data": {"when": "after a failure"}}}
    assert boards.declared("//") == {} == boards.declared("x")
