"""Obtaining missing programs: builds, wheels, locks and their failures."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from stack import disk, gobuild, lock, modules, network, tasks, wheels
from stack.errors import BuildFailed, DiskFull, NoNetwork, ProgramMissing
from stack.modules import Module
from stack.paths import ROOT
from stack.programs import PROGRAMS
from stack.say import Say, clock
from tests.waiting import wait_until

COMPILER = """#!/bin/sh
echo started >> "$RECORD"
while [ "$1" != -o ]; do shift; done
[ "$4" = "" ] || exit 9
echo "$FAULT" >&2
[ "$FAULT" = "" ] || exit 1
echo "#!/bin/sh" > "$2"
chmod 755 "$2"
"""


@pytest.fixture
def say() -> Say:
    """Progress that is discarded."""
    return Say(io.StringIO())


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Module:
    """Return a module whose Go compiler is a script that records its run and fails with $FAULT if it is set."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("RECORD", str(tmp_path / "record"))
    monkeypatch.setenv("FAULT", "")
    compiler = tmp_path / "go"
    compiler.write_text(COMPILER)
    compiler.chmod(0o755)
    monkeypatch.setattr(gobuild, "go", lambda module, say, check: compiler)
    monkeypatch.setattr(gobuild, "BUILD_MEGABYTES", 1)
    monkeypatch.setattr(gobuild, "LAST_MEGABYTES", 1)
    (tmp_path / "source").mkdir()
    builds = (("example.org/tool/cmd/one", "one"), ("example.org/tool/cmd/two", "two"))
    return Module("tool", "1.0.0", tmp_path / "source", builds, "-s -w", (1, 25), 0.5)


def test_a_build_puts_all_programs_into_the_cache(module: Module, say: Say) -> None:
    """A build puts all programs into the cache and leaves nothing else there."""
    gobuild.build(module, say)
    assert module.built()
    assert [path.name for path in module.home.parent.iterdir()] == ["tool-1.0.0"]


def test_what_is_built_is_not_built_again(module: Module, say: Say, tmp_path: Path) -> None:
    """A module is built once; of two builds at the same time, the second waits and uses the first one's result."""
    builders = [threading.Thread(target=gobuild.build, args=(module, say)) for _ in range(2)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    gobuild.build(module, say)
    assert (tmp_path / "record").read_text().splitlines() == ["started", "started"]  # one for each program


@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        ("undefined: x", BuildFailed, "building tool 1.0.0 failed: see .*tool-1.0.0.log(?s:.*)undefined: x"),
        ("dial tcp: lookup proxy: no such host", NoNetwork, "module proxy is unreachable"),
        ("write /x: no space left on device", DiskFull, "disk is full"),
    ],
)
def test_a_failed_build_says_why(
    module: Module, say: Say, monkeypatch: pytest.MonkeyPatch, fault: str, error: type[Exception], says: str
) -> None:
    """A failed build is explained with the remedy and leaves nothing that looks like a built program."""
    monkeypatch.setenv("FAULT", fault)
    with pytest.raises(error, match=says):
        gobuild.build(module, say)
    assert list(module.home.parent.iterdir()) == []


def test_a_build_is_not_begun_on_a_disk_that_is_too_small(
    module: Module, say: Say, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A build does not start if the disk is too small, because it would fail only after six minutes."""
    monkeypatch.setattr(gobuild, "BUILD_MEGABYTES", 10**9)
    with pytest.raises(DiskFull, match=r"\(now tool 1\.0\.0\) needs about .* are free"):
        gobuild.build(module, say)
    assert not (tmp_path / "record").exists()


def test_the_build_does_not_depend_on_the_users_go_settings() -> None:
    """The build ignores the user's Go settings, except for those that define where modules come from."""
    environ = {"GOFLAGS": "-mod=mod", "GOOS": "plan9", "CGO_ENABLED": "1", "GOPROXY": "direct", "PATH": "/bin"}
    given = gobuild.environment(environ)
    assert given["GOFLAGS"].split()[0] == "-mod=readonly"
    assert given["CGO_ENABLED"] == "0"
    assert given["GOPROXY"] == "direct"
    assert "GOOS" not in given
    assert gobuild.environment(environ, cgo=True)["CGO_ENABLED"] == "1"


def test_a_module_with_c_code_gets_a_compiler_first(
    module: Module, say: Say, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A missing C compiler is installed only for a module with C code, before anything is built.

    Without root rights the error contains the command to type.
    """
    monkeypatch.setenv("CC", "cc-that-exists-nowhere")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("stack.apt.shutil.which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None)
    with pytest.raises(ProgramMissing, match="run `sudo apt-get install -y --no-install-recommends gcc libc6-dev`"):
        gobuild.build(replace(module, cgo=True), say)
    assert not (tmp_path / "record").exists()
    gobuild.build(module, say)
    assert module.built()


def test_a_c_compiler_may_have_arguments(module: Module, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """CC is a command, such as `ccache gcc`, and its program is enough."""
    monkeypatch.setenv("CC", f"'{sys.executable}' -m compiler")
    monkeypatch.setattr("stack.apt.install", lambda packages, say: pytest.fail("a compiler is installed"))
    gobuild.build(replace(module, cgo=True), say)
    assert module.built()


def test_packages_that_are_never_called_are_compiled_without_optimisation(module: Module) -> None:
    """Flags for a package follow the flags for all packages, because the last matching pattern applies."""
    flags = gobuild.build_command(replace(module, unoptimised=("example.org/big/...",)))
    assert flags.index("-gcflags=all=-dwarf=false") < flags.index("-gcflags=example.org/big/...=-N -dwarf=false")


def test_every_server_that_is_built_has_a_recipe() -> None:
    """Every server that is built from Go has a recipe, and every recipe has its module's files."""
    outputs = {output for module in modules.load() for _, output in module.builds}
    assert outputs >= {program.name for program in PROGRAMS.values() if program.source == "go"}
    for module in modules.load():
        assert (module.folder / "go.mod").exists()
        assert (module.folder / "go.sum").exists()
        assert module.go <= (versions := tuple(int(part) for part in wheels.GO.version.split("."))), versions


def test_a_wheel_is_unpacked_with_its_file_modes(tmp_path: Path) -> None:
    """A wheel is unpacked as pip would install it: programs are executable, and data files lose their prefix."""
    with zipfile.ZipFile(tmp_path / "tool.whl", "w") as archive:
        program = zipfile.ZipInfo("go/bin/go")
        program.external_attr = 0o755 << 16
        archive.writestr(program, "#!")
        archive.writestr("tool-1.0.data/purelib/tool/bin/server", "#!")
    wheels.unpack(tmp_path / "tool.whl", tmp_path / "out")
    assert os.access(tmp_path / "out" / "go" / "bin" / "go", os.X_OK)
    assert (tmp_path / "out" / "tool" / "bin" / "server").exists()


@pytest.mark.parametrize(
    "output",
    [
        "Err:1 http://example.org bookworm InRelease\n  Temporary failure resolving 'example.org'",
        "WARNING: Retrying (Retry(total=4, ...)) after connection broken by 'NewConnectionError(...)'",
        'go: github.com/x/y@v1.0.0: Get "https://example.org": dial tcp: lookup example.org: no such host',
    ],
)
def test_a_missing_network_is_recognised(output: str) -> None:
    """A missing network is recognised in the output of apt-get, pip and go."""
    assert network.unreachable(output)
    assert not network.disk_full(output)


def test_a_command_writes_its_log_and_gives_its_end(tmp_path: Path) -> None:
    """A command returns its exit code and its own output, without earlier contents of the log."""
    log = tmp_path / "log"
    log.write_text("before\n")
    assert tasks.run(["sh", "-c", "echo done; exit 3"], log, lambda: None) == (3, "done\n")
    assert log.read_text() == "before\ndone\n"


def test_an_interrupted_command_is_ended(tmp_path: Path) -> None:
    """An interrupted command ends together with the processes that it started."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    pids = tmp_path / "pid"
    command = ["sh", "-c", f"sleep 1000 & echo $! > {pids}; wait"]
    with pytest.raises(KeyboardInterrupt):
        tasks.run(command, tmp_path / "log", interrupt)
    wait_until("the command's child to end", lambda: has_ended(int(pids.read_text())))


LAUNCHER = """
import sys
from pathlib import Path
from stack import tasks
tasks.run(["sh", "-c", "sleep 1000 & echo $$ $! > $1.new; mv $1.new $1; wait", "sh", sys.argv[1]],
          Path(sys.argv[1] + ".log"), lambda: None)
"""


@pytest.mark.parametrize("how", [signal.SIGHUP, signal.SIGTERM, signal.SIGKILL])
def test_a_command_does_not_outlive_its_launcher(tmp_path: Path, how: signal.Signals) -> None:
    """A command and its children end with their launcher, after SIGHUP, SIGTERM or SIGKILL."""
    pids = tmp_path / "pids"
    launcher = subprocess.Popen([sys.executable, "-c", LAUNCHER, str(pids)], cwd=ROOT)
    wait_until("the command to run", pids.exists)
    command, child = (int(text) for text in pids.read_text().split())
    assert not has_ended(command)
    launcher.send_signal(how)
    launcher.wait(timeout=10)
    wait_until("the command to end", lambda: has_ended(command))
    wait_until("its child to end", lambda: has_ended(child))


def test_a_command_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    """A command that ignores SIGTERM is killed with its children a few seconds after its launcher has ended."""
    pids = tmp_path / "pids"
    script = LAUNCHER.replace('"sleep 1000', '"trap true TERM; sleep 1000').replace("wait", "while :; do wait; done")
    launcher = subprocess.Popen([sys.executable, "-c", script, str(pids)], cwd=ROOT)
    wait_until("the command to run", pids.exists)
    command, _ = (int(text) for text in pids.read_text().split())
    launcher.kill()
    launcher.wait(timeout=10)
    wait_until("the command to be killed", lambda: has_ended(command))


def test_the_lock_of_a_killed_build_is_held_until_the_build_has_ended(tmp_path: Path) -> None:
    """The lock of a killed build is held until the build has ended, so that the next `up` does not run another one."""
    path = tmp_path / "lock"
    script = LAUNCHER.replace("lambda: None)", "lambda: None, keep_open=[held])").replace(
        "tasks.run", "from stack import lock\nwith lock.hold(Path(sys.argv[1] + '.lock')) as held: tasks.run"
    )
    launcher = subprocess.Popen([sys.executable, "-c", script, str(path)], cwd=ROOT)
    wait_until("the command to run", path.exists)
    command, _ = (int(text) for text in path.read_text().split())
    launcher.kill()
    launcher.wait(timeout=10)
    wait_until("the lock to be free", lambda: not lock.is_held(Path(f"{path}.lock")))
    assert has_ended(command)


def test_who_waits_for_a_lock_can_be_stopped(tmp_path: Path) -> None:
    """Waiting for a lock can be interrupted, so that an interrupted `up` does not wait for another one's build."""

    def stop() -> None:
        raise KeyboardInterrupt

    said: list[int | None] = []
    with (
        lock.hold(tmp_path / "lock"),
        pytest.raises(KeyboardInterrupt),
        lock.hold(tmp_path / "lock", said.append, stop),
    ):
        pass
    assert said == [os.getpid()]


def has_ended(pid: int) -> bool:
    """Return whether the process is gone, or is a zombie whose parent has not yet reaped it."""
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_held_lock_names_its_holder(tmp_path: Path) -> None:
    """A held lock reports its holder's PID, and is free once the holder has finished."""
    path = tmp_path / "lock"
    with lock.hold(path):
        assert lock.is_held(path)
        with pytest.raises(lock.Held) as held, lock.hold(path):
            pass
        assert held.value.pid == os.getpid()
    assert not lock.is_held(path)


def test_room_is_measured_where_the_folder_will_be(tmp_path: Path) -> None:
    """Free space is measured for a folder that does not exist yet."""
    disk.require(tmp_path / "not" / "yet", 1, "a test")
    with pytest.raises(DiskFull, match="a test needs about 1000000000 MB"):
        disk.require(tmp_path / "not" / "yet", 10**9, "a test")


@pytest.mark.parametrize(("seconds", "text"), [(0.06, "0.1 s"), (37.2, "37 s"), (60, "1 min"), (365, "6 min 05 s")])
def test_durations_are_said_as_people_say_them(seconds: float, text: str) -> None:
    """Short durations are printed with a decimal, long ones in minutes and seconds."""
    assert clock(seconds) == text


def test_progress_without_a_terminal_is_whole_lines(say: Say) -> None:
    """Without a terminal, progress is printed as whole lines and is not redrawn."""
    say.under_way("building")
    say.line("done")
    assert isinstance(say.stream, io.StringIO)
    assert say.stream.getvalue() == "done\n"
