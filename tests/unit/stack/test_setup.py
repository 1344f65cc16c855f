"""The set-up of the virtual environment, without creating one."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import glasshouse_observability
from stack import setup
from stack.environment import package_folders


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with two lock files, and an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(setup, "ROOT", tmp_path / "checkout")
    (tmp_path / "checkout" / "requirements").mkdir(parents=True)
    for kind in setup.KINDS:
        (tmp_path / "checkout" / "requirements" / f"{kind}.txt").write_text(f"{kind}==1\n")
    (tmp_path / "checkout" / "observability").mkdir()
    (tmp_path / "checkout" / "observability" / "pyproject.toml").write_text("[project]\n")
    return tmp_path / "checkout"


def pretend(kind: str) -> Path:
    """Create the markers of complete packages of this kind and of the checkout's environment on top of them."""
    packages = setup.venv_path(kind)
    for venv in (packages, setup.checkout_path(packages)):
        (venv / "bin").mkdir(parents=True)
        (venv / "bin" / "python").touch()
        (venv / ".complete").touch()
    return setup.checkout_path(packages)


def test_another_lock_is_another_environment(checkout: Path) -> None:
    """Another lock file has another environment, so that a checkout of an older version keeps its own."""
    before = setup.venv_path("run")
    (checkout / "requirements" / "run.txt").write_text("run==2\n")
    assert setup.venv_path("run") != before


def test_another_checkout_has_another_environment(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two checkouts share their packages, but each has its own copy of the library installed."""
    packages = setup.venv_path("run")
    own = setup.checkout_path(packages)
    other = checkout.with_name("other")
    shutil.copytree(checkout, other)
    monkeypatch.setattr(setup, "ROOT", other)
    assert setup.venv_path("run") == packages
    assert setup.checkout_path(packages) != own


def test_the_library_is_installed_in_the_checkouts_environment() -> None:
    """The tests run in the checkout's environment: the library is imported from it, commands run in it."""
    assert glasshouse_observability.__file__.startswith(str(setup.ROOT / "observability" / "src"))
    found = subprocess.run([Path(sys.prefix) / "bin" / "flask", "--version"], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    script = (Path(sys.prefix) / "bin" / "flask").read_text()
    assert script.startswith(f"#!{sys.prefix}/bin/python\n")


def test_a_library_that_cannot_be_installed_is_one_sentence(checkout: Path) -> None:
    """An error in the library's project file is reported in one sentence, and the environment is not complete."""
    (checkout / "observability" / "pyproject.toml").write_text("[project\n")
    venv = setup.checkout_path(Path(sys.prefix))
    with pytest.raises(setup.SetupError, match="installing the Python packages failed"):
        setup.install_library(packages_below(Path(sys.prefix)), venv)
    assert not setup.complete(venv)


def packages_below(venv: Path) -> Path:
    """Return the environment with the packages on which a checkout's environment is based."""
    (folder,) = [path for path in package_folders(venv) if not path.startswith(str(venv))]
    return Path(folder).parents[2]


def test_the_development_environment_serves_for_running(checkout: Path) -> None:
    """The development environment is also used for running, because it contains all packages of the other."""
    dev = pretend("dev")
    assert setup.ensure("run") == dev
    assert (checkout / ".venv").readlink() == dev


def test_the_link_prefers_the_development_environment(checkout: Path) -> None:
    """`.venv` keeps pointing to the development environment after `make up`, because editors use it."""
    run = pretend("run")
    assert setup.ensure("run") == run
    assert (checkout / ".venv").readlink() == run
    dev = pretend("dev")
    assert setup.ensure("run") == run
    assert (checkout / ".venv").readlink() == dev


def test_a_users_own_environment_is_left_alone(checkout: Path) -> None:
    """A directory called .venv is left unchanged, because the set-up did not create it."""
    pretend("run")
    (checkout / ".venv").mkdir()
    setup.ensure("run")
    assert not (checkout / ".venv").is_symlink()


def test_an_environment_whose_python_has_gone_is_not_complete(checkout: Path) -> None:
    """An environment whose Python is missing, as after an upgrade of the system, is not complete."""
    venv = pretend("run")
    (venv / "bin" / "python").unlink()
    assert not setup.complete(venv)


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("WARNING: Retrying (Retry(total=0)) after NewConnectionError", "index cannot be reached"),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "MATCH THE HASHES"),
    ],
)
def test_a_failed_installation_is_one_sentence(output: str, says: str) -> None:
    """A failed installation is reported in one sentence, with the remedy if there is one."""
    with pytest.raises(setup.SetupError, match=says):
        setup.reason(output)


def test_without_ensurepip_and_apt_the_cure_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ensurepip and apt the error names the missing package.

    Debian packages ensurepip separately; other systems provide it through their own package manager.
    """
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(setup.shutil, "which", lambda name: None)
    with pytest.raises(setup.SetupError, match="python3-venv"):
        setup.require_ensurepip()


def test_without_root_the_command_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without root rights the error contains the exact command to type."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(setup.shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None)
    monkeypatch.setattr(setup.os, "geteuid", lambda: 1000)
    with pytest.raises(setup.SetupError, match=r"run `sudo apt-get install -y python3\.\d+-venv`"):
        setup.require_ensurepip()


def test_a_wrong_kind_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong kind is a usage error and prints nothing to stdout, where callers expect the path."""
    assert setup.main(["test"]) == 2
    assert capsys.readouterr().out == ""


def test_the_load_generators_environment_is_its_own(checkout: Path) -> None:
    """The load generator's environment is separate from the others.

    It lacks the shop's packages, so `.venv` does not point to it, and no other environment replaces it.
    """
    pretend("dev")
    load = pretend("load")
    assert setup.ensure("load") == load
    assert not (checkout / ".venv").exists()
