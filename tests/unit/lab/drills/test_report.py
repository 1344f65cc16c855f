"""The report of a run: the table, the text, the files and the chart."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

from rich.console import Console

from lab.drills.report.files import write_report, write_result
from lab.drills.report.picture import draw
from lab.drills.report.tables import COLUMNS, markdown, markdown_table, table
from lab.drills.run.result import AlertTimes, Found, Happened, Result, Spent

RESULT = Result(
    name="outage",
    title="Nothing <answers> & all is \"lost\"",
    fault="stop api-1 api-2",
    began=1_790_000_000.0,
    cleared=31.0,
    alerts=(
        AlertTimes("ApiDown", "pages", 45.0, 6.0, 16.0, 21.0, 21.4, 48.0, 48.0),
        AlertTimes("ReplicaDown", "tickets", 240.0),
    ),
    pages=1,
    false_pages=(),
    tickets=("QueueOld",),
    other_tickets=(),
    finds=(Found("a | b", '{a="b"} |~ "c"', True, 3.0), Found("nothing", "up == 0", False)),
    spent=Spent(100.0, 200, 50, 0.25, 0.2501, 0.0096, 60, 59, 3, 1, 0, 0, 41.0),
    busy=2.5,
    wrong=("ReplicaDown sent no notification", "not found: nothing (up == 0)"),
    events=(
        Happened(-20.0, "pending", "HostCpuHigh"),
        Happened(0.0, "broken", text="stop api-1 api-2"),
        Happened(6.0, "pending", "ApiDown"),
        Happened(16.0, "firing", "ApiDown"),
        Happened(21.0, "notified", "ApiDown", "a <b> | c", "pages"),
        Happened(21.4, "mailed", "ApiDown", receiver="pages"),
        Happened(31.0, "cleared"),
        Happened(60.0, "inactive", "ApiDown"),
        Happened(79.0, "resolved", "ApiDown", receiver="pages"),
    ),
)  # fmt: skip
QUIET = Result("false-alarms", "Nothing", "nothing", 0.0, 300.0, (), 0, (), (), (), (), Spent(300.0), ())


def test_it_is_read_as_it_was_written() -> None:
    """A result is the same after a round trip through JSON."""
    assert Result.from_json(json.loads(json.dumps(RESULT.as_json()))) == RESULT
    assert RESULT.as_json()["passed"] is False
    assert QUIET.as_json()["passed"] is True


def test_the_table_in_markdown() -> None:
    """The table has a row for each expected alert; facts about the whole drill are in its first row."""
    head, rule, first, second, quiet = markdown_table([RESULT, QUIET])
    assert head == f"| {' | '.join(COLUMNS)} |"
    assert rule.count("|") == head.count("|")
    cells = [cell.strip() for cell in first.split("|")[1:-1]]
    assert dict(zip(COLUMNS, cells, strict=True)) == {
        "drill": "✘ outage", "fault": "stop api-1 api-2", "alert": "ApiDown", "detect": "16 s", "notify": "21 s",
        "allowed": "45 s", "e-mail": "21 s", "resolve": "48 s", "pages": "1", "false pages": "0", "tickets": "QueueOld",
        "orders": "60", "delayed": "3", "lost": "0", "budget": "0.96%",
        "busy": "2.5",
    }  # fmt: skip
    assert [cell.strip() for cell in second.split("|")[1:6]] == ["", "", "ReplicaDown", "–", "–"]
    assert quiet.startswith("| ✔ false-alarms | nothing | (none) |")


def test_the_table_on_a_terminal() -> None:
    """The table on a terminal has the same cells, and text of servers is not interpreted as markup."""
    console = Console(record=True, width=240)
    console.print(table([replace(RESULT, fault="[red]x[/red]")]))
    text = console.export_text()
    assert "[red]x[/red]" in text
    assert "✘ outage" in text


def test_the_report() -> None:
    """The report contains the table, the errors and the events of each drill.

    A bar in a text does not end its cell.
    """
    text = markdown([RESULT], ["ApiDown before outage"], ["flood: no such fault"])
    assert "- ✘ outage: ReplicaDown sent no notification" in text
    assert "- ✘ page between drills: ApiDown before outage" in text
    assert "- ✘ failed to run: flood: no such fault" in text
    assert "50 of 200 requests failed (25.00%), 0.96% of the monthly error budget" in text
    assert "of the API's responses, by the drill: 25.00%; by the SLO series: 25.01%" in text
    assert "| +21 s | notified (pages) | ApiDown | a <b> \\| c |" in text
    assert "- **Not found**: nothing. `up == 0`" in text


def test_the_files(tmp_path: Path) -> None:
    """The files are a report and a chart for each drill, and at the end the result.

    The run has passed only if every drill has passed.
    """
    write_report(tmp_path, [RESULT, QUIET], [], [])
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "report.md", "timeline-false-alarms.svg", "timeline-outage.svg",
    ]  # fmt: skip
    for passed, results, late, failed in (
        (True, [QUIET], [], []),
        (False, [QUIET, RESULT], [], []),
        (False, [QUIET], ["late"], []),
        (False, [QUIET], [], ["failed"]),
    ):
        write_result(tmp_path, results, late, failed)
        content = json.loads((tmp_path / "result.json").read_text())
        assert (content["passed"], len(content["drills"])) == (passed, len(results))


def test_the_picture() -> None:
    """The chart is well-formed and has a lane for each alert, in the order in which they began.

    No text is interpreted as a tag.
    """
    root = ElementTree.fromstring(draw(RESULT))
    space = "{http://www.w3.org/2000/svg}"
    texts = [element.text for element in root.iter(f"{space}text")]
    assert f"outage: {RESULT.title}" in texts
    assert [text for text in texts if text in ("ApiDown", "HostCpuHigh")] == ["HostCpuHigh", "ApiDown"]
    assert {"broken", "cleared"} <= set(texts)
    # The background, the outage and two in the legend; two pending and one firing.
    assert len(list(root.iter(f"{space}rect"))) == 7
    assert not list(root.iter(f"{space}script"))


def test_the_picture_of_silence() -> None:
    """The chart of a drill without a notification states that no alert fired."""
    assert "no alert fired" in draw(QUIET)
    ElementTree.fromstring(draw(QUIET))
