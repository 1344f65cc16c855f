"""Start, stop, crashes and changes, under a real supervisord."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import psutil
import pytest

from stack.errors import AlreadyUnderWay, OffsetMismatch, PortTaken
from stack.joining import sole_up
from stack.paths import StatePaths
from tests.integration.stack.conftest import NAMES, SmallStack
from tests.waiting import wait_until


def test_up_and_down(small: SmallStack) -> None:
    """After `up` everything runs and responds; after `down` no process runs and no port is in use."""
    assert small.up() == 0
    assert {row.state for row in small.rows().values()} == {"running"}
    assert "Everything is up: 2 components" in small.said.getvalue()
    assert small.down() == 0
    assert small.left() == []
    assert small.free()
    assert {row.state for row in small.rows().values()} == {"absent"}


def test_down_can_be_repeated(small: SmallStack) -> None:
    """`down` can be repeated, and also run where nothing was started."""
    assert small.down() == 0
    assert "Nothing was running" in small.said.getvalue()


def test_a_killed_process_is_started_again(small: SmallStack) -> None:
    """The supervisor restarts a killed process without an operator."""
    small.up()
    killed = small.pid("api-1")
    os.kill(killed, signal.SIGKILL)
    wait_until("api-1 to run under another pid", lambda: small.pid("api-1") != killed)


def test_the_children_of_a_killed_process_are_ended(small: SmallStack) -> None:
    """The children of a killed process are ended, because they would keep the port from the next process."""
    parent = (
        "import os, sys, http.server as h; s = h.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])),"
        " h.SimpleHTTPRequestHandler); pid = os.fork(); s.serve_forever()"
    )
    small.change("api-1", arguments=("-c", parent, str((small.settings.offset or 0) + 8001)))
    assert small.up() == 0
    killed = small.pid("api-1")
    (child,) = psutil.Process(killed).children()
    os.kill(killed, signal.SIGKILL)
    wait_until("the child to end", lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
    wait_until("api-1 to run under another pid", lambda: small.pid("api-1") != killed)


def test_up_again_leaves_alone_what_runs(small: SmallStack) -> None:
    """A second `up` changes no running process."""
    small.up()
    before = {name: small.pid(name) for name in NAMES}
    assert small.up() == 0
    assert {name: small.pid(name) for name in NAMES} == before


def test_up_again_restarts_what_has_changed(small: SmallStack) -> None:
    """A second `up` restarts only the components that have changed."""
    small.up()
    before = {name: small.pid(name) for name in NAMES}
    small.change("api-1", environment={"OBSERVABILITY_LOG_LEVEL": "DEBUG"})
    assert small.up() == 0
    assert small.pid("payments") == before["payments"]
    assert small.pid("api-1") != before["api-1"]


def test_down_after_the_supervisor_was_killed(small: SmallStack) -> None:
    """After the supervisor was killed, `down` finds its orphans by their environment."""
    small.up()
    os.kill(small.supervisor_pid, signal.SIGKILL)
    wait_until("the supervisor to be gone", lambda: {row.state for row in small.rows().values()} == {"absent"})
    assert small.left()
    small.down()
    assert small.left() == []
    assert small.free()
    assert "Stopped processes that had no supervisor" in small.said.getvalue()


def test_up_after_the_supervisor_was_killed(small: SmallStack) -> None:
    """After the supervisor was killed, `up` first ends the remaining processes and then starts all components."""
    small.up()
    before = small.pid("api-1")
    os.kill(small.supervisor_pid, signal.SIGKILL)
    wait_until("the supervisor to be gone", lambda: {row.state for row in small.rows().values()} == {"absent"})
    assert small.up() == 0
    assert small.pid("api-1") != before
    assert "stopping processes of a crashed instance" in small.said.getvalue()


def test_single_components_are_stopped_and_started(small: SmallStack) -> None:
    """Drills can stop and start single components; the others keep running."""
    small.up()
    before = {name: small.pid(name) for name in NAMES}
    small.control("stop", "api-1")
    assert small.rows()["api-1"].state == "stopped"
    small.control("start", "api-1")
    small.control("restart", "api-1")
    assert small.pid("api-1") != before["api-1"]
    assert small.pid("payments") == before["payments"]


def test_a_process_that_says_it_is_misconfigured_is_not_tried_again(small: SmallStack) -> None:
    """After exit code 78, `up` prints the component's message and fails; the other components run."""
    say_so = "import sys; print('api-1: COLOUR=bleu must be red or blue'); sys.exit(78)"
    small.change("api-1", arguments=("-c", say_so))
    assert small.up() == 1
    assert "api-1 is misconfigured: COLOUR=bleu must be red or blue (fix it" in small.said.getvalue()
    assert small.rows()["api-1"].state in ("fatal", "stopped")
    assert small.rows()["payments"].state == "running"
    small.changes.clear()
    assert small.up() == 0


def test_what_does_not_get_ready_is_shown_with_the_end_of_its_log(small: SmallStack) -> None:
    """A process that runs but does not respond is reported with the end of its log."""
    mute = "import signal; print('busy with nothing', flush=True); signal.pause()"
    small.change("api-1", arguments=("-c", mute), ready_seconds=2)
    assert small.up() == 1
    assert "api-1 was not ready after 2.0 s" in small.said.getvalue()
    assert "busy with nothing" in small.said.getvalue()


def test_a_process_that_will_not_end_is_killed_with_its_children(small: SmallStack) -> None:
    """TERM is sent to the parent only; after its stop time KILL is sent to the whole group."""
    stubborn = (
        "import signal, subprocess, sys, http.server as h; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()']);"
        "h.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), h.SimpleHTTPRequestHandler).serve_forever()"
    )
    port = str((small.settings.offset or 0) + 8001)
    small.change("api-1", arguments=("-c", stubborn, port), stop_seconds=1)
    assert small.up() == 0
    assert small.down() == 0
    assert small.left() == []
    assert small.free()


def test_a_taken_port_stops_up_before_anything_starts(small: SmallStack) -> None:
    """If another instance uses the ports, `up` names it and starts nothing."""
    small.up()
    other = SmallStack(
        type(small.settings)(
            type(small.settings.paths)(small.settings.paths.state.with_name("other")),
            offset=small.settings.offset,
            passed_on=small.settings.passed_on,
        )
    )
    with pytest.raises(PortTaken, match=str(small.settings.paths.state)):
        other.up()
    assert other.left() == []


def test_the_state_directory_knows_its_ports(small: SmallStack) -> None:
    """`up` with another offset is rejected while the instance runs."""
    small.up()
    elsewhere = SmallStack(type(small.settings)(small.settings.paths, offset=(small.settings.offset or 0) + 1))
    with pytest.raises(OffsetMismatch):
        elsewhere.down()
    forgetful = SmallStack(type(small.settings)(small.settings.paths))
    assert {row.state for row in forgetful.rows().values()} == {"running"}


def test_only_one_up_at_a_time(small: SmallStack) -> None:
    """A second simultaneous `up` reports that and makes no change."""
    small.up()
    with sole_up(small.settings.paths), pytest.raises(AlreadyUnderWay):
        small.up()


def test_processes_do_not_see_the_users_stray_variables(small: SmallStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes do not get variables that the shell has exported for other purposes."""
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    monkeypatch.setenv("GUNICORN_CMD_ARGS", "--workers 9")
    program = "import os, signal; print(sorted(os.environ), flush=True); signal.pause()"
    small.change("api-1", arguments=("-c", program), ready=lambda: None)
    assert small.up() == 0
    log = small.settings.paths.logs / "api-1.log"
    names = wait_until("api-1 to print its environment", log.read_text)
    assert "GLASSHOUSE_INSTANCE" in names
    assert "OTEL_SDK_DISABLED" not in names
    assert "GUNICORN_CMD_ARGS" not in names


def test_a_state_directory_with_a_long_path_and_a_space(small: SmallStack) -> None:
    """A state directory's path may be longer than the address of a Unix socket, and contain a space."""
    state = small.settings.paths.state / ("long " * 24 + "path")
    deep = SmallStack(replace(small.settings, paths=StatePaths(state)))
    try:
        assert deep.up() == 0
        assert {row.state for row in deep.rows().values()} == {"running"}
    finally:
        deep.down()
    assert deep.left() == []
