"""Running a drill from the page, with real processes in place of the drill runner."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from console.faults.drill_routes import _known_to_be_over
from console.faults.drilling import CLEARING_SECONDS, LONGEST_SECONDS, RECORD, Busy, Drilling
from console.inbox.store import Inbox
from lab.drills.__main__ import parser
from tests.unit.console.consoles import EMAIL, SIGN_IN, FakedConsole, faked_console
from tests.waiting import wait_until

# Writes its arguments, waits for SIGTERM, clears its fault and exits, as the runner does.
RUNNER = """
import json, os, pathlib, signal, sys, time
folder = pathlib.Path(os.environ["GLASSHOUSE_STATE_DIR"]) / "drills"
def clear(*_):
    (folder / "cleared").touch()
    sys.exit(130)
signal.signal(signal.SIGTERM, clear)
(folder / "20991231T000000Z").mkdir(exist_ok=True)
(folder / "seen.json").write_text(json.dumps({"arguments": sys.argv[1:], "environ": dict(os.environ)}))
print("[1/1] <b>waiting</b>", flush=True)
if sys.argv[-1] != "short":
    signal.pause()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of the instance's drills."""
    return tmp_path / "state" / "drills"


@pytest.fixture
def drilling(folder: Path) -> Iterator[Drilling]:
    """Use a runner of the test, and end it if it is still running."""
    found = restarted(folder)
    yield found
    if found.stop() is not None:
        over(found)


def restarted(folder: Path) -> Drilling:
    """Return the state as a restarted console reads it from the record."""
    environ = {"PATH": "/usr/bin:/bin", "HOME": "/h", "PORT": "8080", "OTEL_SERVICE_NAME": "console", "JWT_SECRET": "x"}
    return Drilling(folder, (sys.executable, "-c", RUNNER), environ | {"GLASSHOUSE_INSTANCE": "mark"})


def over(drilling: Drilling) -> None:
    """Wait until the drill has ended."""
    wait_until("the drill's end", lambda: (drilling.state() or {"is_over": True})["is_over"])


def begun(folder: Path) -> dict[str, object]:
    """Return what the runner recorded when it started."""
    return wait_until("the runner at work", lambda: json.loads((folder / "seen.json").read_text()))


def test_a_drill_is_started_bounded_and_named(drilling: Drilling, folder: Path) -> None:
    """A drill runs under `timeout` in its own session.

    Its environment has this instance's directory and none of the console's own settings.
    """
    shown = drilling.start("worker-down", EMAIL)
    assert (shown["name"], shown["by"], shown["stopping"]) == ("worker-down", EMAIL, False)
    seen = begun(folder)
    assert seen["arguments"] == ["worker-down"]
    environ = seen["environ"]
    assert isinstance(environ, dict)
    assert environ["GLASSHOUSE_STATE_DIR"] == str(folder.parent)
    assert environ["GLASSHOUSE_INSTANCE"] == "mark"
    assert not {"PORT", "JWT_SECRET", "OTEL_SERVICE_NAME"} & environ.keys()
    process = psutil.Process(json.loads((folder / RECORD).read_text())["pid"])
    assert process.cmdline()[:4] == [
        "timeout",
        "--foreground",
        f"--kill-after={CLEARING_SECONDS}",
        str(LONGEST_SECONDS),
    ]


def test_the_runners_command_line_is_understood() -> None:
    """The drill runner accepts the console's command line: one drill, on the running stack only."""
    options = parser().parse_args(["run", "--here", "worker-down"])
    assert (options.names, options.here, options.own) == (["worker-down"], True, False)


def test_what_it_says_and_where_it_writes_is_shown(drilling: Drilling, folder: Path) -> None:
    """The drill's state contains its last lines of output and the run that it started."""
    drilling.start("worker-down", EMAIL)
    begun(folder)
    wait_until("the drill to print a line", lambda: (drilling.state() or {})["says"])
    state = drilling.state()
    assert state is not None
    assert state["says"] == ["[1/1] <b>waiting</b>"]
    assert (state["run"], state["is_over"]) == ("20991231T000000Z", False)


def test_there_is_one_at_a_time(drilling: Drilling, folder: Path) -> None:
    """Only one drill can run at a time, even after a restart of the console, which reads the record."""
    drilling.start("worker-down", EMAIL)
    with pytest.raises(Busy):
        drilling.start("worker-down", EMAIL)
    with pytest.raises(Busy):
        restarted(folder).start("worker-down", EMAIL)


def test_stopping_lets_it_clear_the_fault(drilling: Drilling, folder: Path) -> None:
    """Stopping sends SIGTERM once, so that the drill clears its fault.

    A restarted console can stop it too, and the next drill can start afterwards.
    """
    drilling.start("worker-down", EMAIL)
    begun(folder)
    stopped = restarted(folder).stop()
    assert stopped is not None
    assert stopped["stopping"] is True
    over(drilling)
    assert (folder / "cleared").exists()
    assert drilling.stop() is None
    drilling.start("short", EMAIL)
    over(drilling)


def test_a_pid_that_was_given_again_is_not_touched(drilling: Drilling, folder: Path) -> None:
    """A PID that was reused is not signalled, because the record contains the start time of the process."""
    drilling.start("short", EMAIL)
    over(drilling)
    record = json.loads((folder / RECORD).read_text())
    mine = psutil.Process()
    (folder / RECORD).write_text(json.dumps(record | {"pid": mine.pid, "created": mine.create_time() - 1}))
    assert drilling.stop() is None  # else this test would receive SIGTERM


NO_PID = '{"name": 1, "by": 1, "began": 1, "stopping": 0, "pid": "x"}'


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"pid": 1}', NO_PID])
def test_a_broken_record_is_no_drill(folder: Path, text: str) -> None:
    """A broken record counts as no drill, and the next drill can be started."""
    folder.mkdir(parents=True)
    (folder / RECORD).write_text(text)
    drilling = restarted(folder)
    assert (drilling.state() or {"is_over": True})["is_over"]
    assert drilling.stop() is None
    drilling.start("short", EMAIL)
    over(drilling)


@pytest.fixture
def make(inbox: Inbox, tmp_path: Path, fake_transport: type) -> Callable[..., FakedConsole]:
    """Return a console with these settings and a signed-in administrator."""
    return lambda **environ: faked_console(inbox, tmp_path, fake_transport(SIGN_IN), environ).sign_in()


def test_the_page_receives_the_list_of_drills(make: Callable[..., FakedConsole], tmp_path: Path) -> None:
    """The page gets a list of drills, which is empty at first.

    Drills can be run only if the folder of their declarations is set.
    """
    it = make()
    found = it.client.get("/api/drills").json
    assert found == {"can_run": False, "catalogue": [], "last": {}, "runs": [], "current": None}
    assert it.client.get("/api/drills/20261124T100000Z").status_code == 404
    assert it.client.post("/api/drills", json={"name": "a-drill"}, headers=it.headers).status_code == 409
    assert it.client.delete("/api/drills/current", headers=it.headers).status_code == 404


def test_a_run_whose_process_has_ended_does_not_go_on(folder: Path) -> None:
    """A run without a result whose process has ended is shown as stopped."""
    run, gone = {"run": "20991231T000000Z", "state": "running"}, {"is_over": True, "run": "20991231T000000Z"}
    assert _known_to_be_over(run, gone)["state"] == "stopped"
    assert _known_to_be_over(run | {"state": "passed"}, gone)["state"] == "passed"
    for other in (None, gone | {"is_over": False}, gone | {"run": "20991231T000001Z"}):
        assert _known_to_be_over(run, other)["state"] == "running"


@pytest.mark.parametrize("name", [None, "", "../other", "all", "quick", "--own", "nothing", ["a-drill"], "a-drill "])
def test_only_a_declared_drill_is_run(make: Callable[..., FakedConsole], tmp_path: Path, name: object) -> None:
    """Only a declared drill can be run: not all drills, an option or a path."""
    declared = tmp_path / "catalogue"
    declared.mkdir()
    (declared / "a-drill.yaml").write_text("title: A\nlesson: B\n")
    it = make(CONSOLE_DRILLS_CATALOGUE=str(declared))
    assert it.client.post("/api/drills", json={"name": name}, headers=it.headers).status_code == 400
    assert not (tmp_path / "drills" / RECORD).exists()
