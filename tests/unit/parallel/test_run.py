"""Parallel parts of the test run: their order, failures and leftover processes."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest

from tests.parallel.part import Part
from tests.parallel.run import Failed, Session
from tests.waiting import wait_until

DAEMON = """
import subprocess, sys
from pathlib import Path
child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
Path(sys.argv[1]).write_text(str(child.pid))
"""
# A program that starts a daemon and stops it on SIGINT, as a fixture would.
TIDY = """
import subprocess, sys
from pathlib import Path
child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
try:
    Path(sys.argv[1]).write_text(str(child.pid))
    child.wait()
except KeyboardInterrupt:
    child.kill()
    print("taken down", flush=True)
"""
# The same program, ignoring SIGINT.
DEAF = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n" + DAEMON + "child.wait()\n"
AFTER_FILE = """
import sys, time
from pathlib import Path
while not Path(sys.argv[1]).exists():
    time.sleep(0.05)
sys.exit(3)
"""


def python(name: str, program: str, *arguments: object, after: tuple[str, ...] = (), seconds: float = 60.0) -> Part:
    return Part(name, (sys.executable, "-c", program, *map(str, arguments)), after, seconds=seconds)


def run(folder: Path, *parts: Part, jobs: int = 4) -> list[str]:
    """Run these parts and return the lines that were printed."""
    said: list[str] = []
    Session(parts, folder, said.append, jobs).run()
    return said


def is_gone(file: Path) -> bool:
    return not psutil.pid_exists(int(file.read_text()))


def test_a_part_waits_for_those_it_names(tmp_path: Path) -> None:
    """A part starts after the parts that it names, even if it precedes them in the list."""
    note = "import sys; print(*sys.argv[1:], file=open(sys.argv[1], 'a'))"
    order = tmp_path / "order"
    run(tmp_path / "run", python("b", note, order, "second", after=("a",)), python("a", note, order, "first"))
    assert [line.split()[1] for line in order.read_text().splitlines()] == ["first", "second"]


def test_no_more_parts_run_at_once_than_allowed(tmp_path: Path) -> None:
    """With one job the second part starts after the first has ended."""
    said = run(tmp_path, python("a", ""), python("b", ""), jobs=1)
    assert [line.split()[-1] for line in said if line.endswith("has started")] == ["started", "started"]
    assert said.index(next(line for line in said if "a passed" in line)) < said.index(
        next(line for line in said if "b has started" in line)
    )


def test_output_is_not_interleaved(tmp_path: Path) -> None:
    """The lines of one part are printed together, standard error included."""
    program = "import sys\nfor n in range(300): print(sys.argv[1], n, flush=True, file=(sys.stdout, sys.stderr)[n % 2])"
    said = run(tmp_path, python("a", program, "a"), python("b", program, "b"))
    for name in "ab":
        wanted = "\n".join(f"{name} {number}" for number in range(300))
        assert wanted in said


def test_a_failure_ends_the_others(tmp_path: Path) -> None:
    """A failed part stops the others, which clean up their processes, and its exit status is printed."""
    pid = tmp_path / "pid"
    said: list[str] = []
    parts = [python("tidy", TIDY, pid), python("bad", AFTER_FILE, pid), python("never", "", after=("bad",))]
    with pytest.raises(Failed, match="bad has failed"):
        Session(parts, tmp_path / "run", said.append, 4).run()
    assert "taken down" in said
    assert any("bad FAILED with 3" in line for line in said)
    assert not any("never has started" in line for line in said)
    wait_until("the daemon to be gone", lambda: is_gone(pid))


def test_what_does_not_take_down_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that does not clean up in time is killed, with daemons that left its process group."""
    monkeypatch.setattr("tests.parallel.run.TEARDOWN_SECONDS", 0.5)
    pid = tmp_path / "pid"
    with pytest.raises(Failed, match="bad"):
        run(tmp_path / "run", python("deaf", DEAF, pid), python("bad", AFTER_FILE, pid))
    wait_until("the daemon to be gone", lambda: is_gone(pid))


def test_a_part_that_leaves_a_process_behind_fails(tmp_path: Path) -> None:
    """A part that leaves a process behind fails, because the next run would meet that process."""
    pid = tmp_path / "pid"
    with pytest.raises(Failed, match="left processes running: sleep 1000"):
        run(tmp_path / "run", python("sloppy", DAEMON, pid))
    wait_until("the daemon to be gone", lambda: is_gone(pid))


def test_a_part_that_hangs_fails(tmp_path: Path) -> None:
    """A part that exceeds its time limit fails."""
    with pytest.raises(Failed, match="hangs did not end within 1 s"):
        run(tmp_path, python("hangs", "import time; time.sleep(1000)", seconds=1.0))


def test_all_parts_can_be_run_after_a_failure(tmp_path: Path) -> None:
    """With ``keep_going``, parts that depend on a failed part still run, and the run fails."""
    said: list[str] = []
    parts = [Part("bad", (sys.executable, "-c", "raise SystemExit(3)")), Part("next", ("true",), after=("bad",))]
    with pytest.raises(Failed, match=r"^bad has failed$"):
        Session(parts, tmp_path / "run", said.append, 4, keep_going=True).run()
    assert any("next passed" in line for line in said)


REASON = "dockerd does not start here: permission denied"
SKIPPING = """
import pytest
def test_a(): pytest.skip({reason!r})
def test_b(): {b}
"""


@pytest.mark.parametrize(("b", "has_failed"), [(f"pytest.skip({REASON!r})", True), ("pass", False)])
def test_a_part_whose_tests_were_all_skipped_has_not_passed(tmp_path: Path, b: str, has_failed: bool) -> None:
    """A part whose tests were all skipped fails with the reason, although pytest exits with 0.

    One passed test is enough.
    """
    file, folder = tmp_path / "test_skipping.py", tmp_path / "run"
    file.write_text(SKIPPING.format(reason=REASON, b=b))
    results = ("--junitxml", str(folder / "compose" / "junit.xml"), "--rootdir", str(tmp_path), "-c", "/dev/null")
    part = Part("compose", (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *results, str(file)))
    if has_failed:
        with pytest.raises(Failed, match=f"^compose has tested nothing: all 2 tests were skipped: {REASON}$"):
            run(folder, part)
    else:
        assert any("compose passed" in line for line in run(folder, part))


def test_a_part_that_may_be_skipped_is_reported(tmp_path: Path) -> None:
    """A part that may be skipped does not fail the run, which reports it as untested."""
    file, folder = tmp_path / "test_skipping.py", tmp_path / "run"
    file.write_text(SKIPPING.format(reason=REASON, b=f"pytest.skip({REASON!r})"))
    results = ("--junitxml", str(folder / "compose" / "junit.xml"), "--rootdir", str(tmp_path), "-c", "/dev/null")
    command = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *results, str(file))
    session = Session([Part("compose", command, may_be_skipped=True)], folder, [].append, 4)
    session.run()
    assert session.untested == [f"compose has tested nothing: all 2 tests were skipped: {REASON}"]
