"""Builds of Go modules and their failures."""

from __future__ import annotations

import io
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from stack import gobuild, modules, wheels
from stack.errors import BuildFailed, DiskFull, NoNetwork, ProgramMissing
from stack.modules import Module
from stack.programs import PROGRAMS
from stack.say import Say

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
