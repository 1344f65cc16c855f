"""Reading the runs that the drill runner has stored, complete or broken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from console.faults.declared import DrillCatalogue
from console.faults.drills import LIVE_SECONDS, MOST_RUNS, Drills
from lab.drills.report.files import write_result
from lab.drills.run.completed import Memory
from lab.drills.run.result import AlertTimes, Found, Happened, Result, Spent
from lab.drills.session import Session
from lab.drills.spec.reader import scenarios
from lab.drills.watch.timeline import Event, Kind

RUN = "20261124T100000Z"
WITHOUT_NAME = '{"passed": true, "drills": [{}], "late_pages": [], "failed": []}'
SCENARIOS = Path(__file__).parents[3] / "lab" / "drills" / "scenarios"


def result(name: str, *wrong: str) -> Result:
    """Return a result as the runner creates it."""
    return Result(
        name, "A title", "cache-off", 100.0, 42.0,
        (AlertTimes("ApiDown", "pages", 60.0, 1.0, 20.0, 25.0, 27.0, 30.0),), 1, (), (), (),
        (Found("a line", "{}", True, 3.0),), Spent(90.0, 200, 3, budget_share=0.01, orders=40), wrong,
        (Happened(0.0, "broken"),),
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with one run."""
    (tmp_path / RUN).mkdir()
    return tmp_path


def test_what_the_runner_writes_is_read(folder: Path) -> None:
    """The console reads the files of the runner's own code.

    These are the events of a run, its result and the last result of each drill.
    """
    session = Session(folder / RUN, Memory(folder))
    session.record(Event(1764000000.5, Kind.NOTIFIED, "ApiDown", "<script>", "pages"))
    write_result(
        folder / RUN,
        [result("cache-off"), result("api-down", "ApiDown sent no notification")],
        ["A before B"],
        ["c: no"],
    )
    Memory(folder).keep(result("cache-off"))
    run = Drills(folder).run(RUN)
    assert run is not None
    assert run["state"] == "failed"
    assert run["wrong"] == ["c: no", "A before B"]
    first, second = run["drills"]
    assert (first["passed"], second["passed"], second["wrong"]) == (True, False, ("ApiDown sent no notification",))
    assert (first["alerts"][0]["notify"], first["spent"]["orders"]) == (25.0, 40)
    (event,) = run["events"]
    assert (event["kind"], event["alert"], event["receiver"], event["text"]) == (
        "notified",
        "ApiDown",
        "pages",
        "<script>",
    )
    assert event["at"].startswith("2025-11-24T16:00:00.5")
    assert Drills(folder).last() == {"cache-off": True}


def test_a_run_without_a_result_goes_on_or_was_stopped(folder: Path) -> None:
    """A run without a result is running or stopped, depending on the time of its last event."""
    (folder / RUN / "events.jsonl").write_text("")
    touched = (folder / RUN / "events.jsonl").stat().st_mtime
    assert Drills(folder, lambda: touched + LIVE_SECONDS - 1).runs()[0]["state"] == "running"
    assert Drills(folder, lambda: touched + LIVE_SECONDS + 1).runs()[0]["state"] == "stopped"


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"passed": true}', WITHOUT_NAME, "[" * 100_000, "\udcff"],
    ids=range(8),
)
def test_a_broken_result_is_called_unreadable(folder: Path, text: str) -> None:
    """A broken result is shown as unreadable, neither passed nor failed, and other runs are shown."""
    (folder / RUN / "result.json").write_text(text, errors="surrogateescape")
    (folder / "20261123T100000Z").mkdir()
    assert [run["state"] for run in Drills(folder).runs()] == ["unreadable", "running"]


def test_half_an_event_is_left_out(folder: Path) -> None:
    """An event that is half written or has another form is left out."""
    whole = json.dumps({"at": "2026-11-24T10:00:00Z", "kind": "broken"})
    (folder / RUN / "events.jsonl").write_text(f'{whole}\n[]\n{{"kind": 1}}\n{whole[:20]}')
    run = Drills(folder).run(RUN)
    assert run is not None
    assert [event["kind"] for event in run["events"]] == ["broken"]


@pytest.mark.parametrize("name", ["..", "../secret", "/etc", "", ".", "x" * 200, "a\x00b", "nothing", "done.json"])
def test_no_other_directory_is_read(folder: Path, name: str) -> None:
    """An invalid name and a name without a run return no run, so that no other directory is read."""
    (folder.parent / "secret").mkdir(exist_ok=True)
    (folder / "done.json").write_text("{}")
    assert Drills(folder).run(name) is None


def test_the_newest_runs_are_shown(folder: Path) -> None:
    """Only the newest runs are shown, newest first, without files and hidden directories."""
    for number in range(MOST_RUNS + 5):
        (folder / f"20261125T1000{number:02}Z").mkdir()
    (folder / ".hidden").mkdir()
    names = [run["run"] for run in Drills(folder).runs()]
    assert len(names) == MOST_RUNS
    assert names == sorted(names, reverse=True)


def test_nothing_was_drilled_yet(tmp_path: Path) -> None:
    """A directory that does not exist or cannot be read has no runs."""
    assert Drills(tmp_path / "no").runs() == []
    assert Drills(tmp_path / "no").last() == {}


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1}', "{"])
def test_a_broken_memory_knows_nothing(tmp_path: Path, text: str) -> None:
    """A broken memory file counts as empty, because it is optional."""
    (tmp_path / "done.json").write_text(text)
    assert Drills(tmp_path).last() == {}


def test_every_declared_drill_can_be_chosen() -> None:
    """Every drill that the runner declares can be chosen, with the alerts that it expects."""
    shown = {one["name"]: one for one in DrillCatalogue(SCENARIOS).all()}
    declared = scenarios(SCENARIOS)
    assert declared
    assert shown.keys() == declared.keys() == DrillCatalogue(SCENARIOS).names()
    for name, drill in declared.items():
        assert shown[name]["title"] == drill.title
        assert [one["alert"] for one in shown[name]["notified"]] == [one.alert for one in drill.expect.alerts]


@pytest.mark.parametrize("text", ["", "[]", "title: x", "a: [", "title: 1\nlesson: {}", "\udcff"])
def test_a_broken_declaration_is_left_out(tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture) -> None:
    """A broken declaration is left out and logged, and other drills can be chosen."""
    (tmp_path / "good.yaml").write_text("title: A\nlesson: B\nfault: {nothing: true}\n")
    (tmp_path / "bad.yaml").write_text(text, errors="surrogateescape")
    assert [one["name"] for one in DrillCatalogue(tmp_path).all()] == ["good"]
    assert "bad.yaml" in caplog.text


def test_without_declarations_nothing_can_be_run() -> None:
    """Without declarations, as where the launcher is not available, no drill can be run."""
    assert not DrillCatalogue(None).can_run
    assert DrillCatalogue(None).all() == []
