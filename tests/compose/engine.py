"""A Docker engine with Compose and Buildx: the machine's engine, or one that is started here and stopped afterwards.

A started engine has a separate socket, data and state, so that it has no other user's containers. It keeps its images
in the cache between runs. Starting an engine requires root.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from stack import apt, gobuild, modules
from stack.errors import StackError
from stack.paths import cache_home
from stack.say import Say
from tests.compose.run import output, run
from tests.waiting import wait_until

BRIDGE = Path("/sys/class/net/docker0")
PLUGINS = {"compose": "docker-compose", "buildx": "docker-buildx"}


class NoEngine(Exception):
    """There is no engine and none can be started for the reason in the message."""


@dataclass(frozen=True)
class Engine:
    """The address of the engine. `own`: it was started here, so everything in it belongs to these tests."""

    env: dict[str, str]
    own: bool

    def docker(self, *arguments: str, seconds: float = 120) -> str:
        """Return the output of `docker …`."""
        return output("docker", *arguments, env=self.env, seconds=seconds)

    def tries(self, *arguments: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """Run `docker …`, which may fail."""
        return run("docker", *arguments, env=self.env, seconds=seconds)


def say(text: str) -> None:
    """Print progress. pytest shows it with -s and on failure."""
    sys.stdout.write(f"compose test: {text}\n")
    sys.stdout.flush()


def answers(env: dict[str, str]) -> bool:
    """Return whether an engine responds."""
    return shutil.which("docker") is not None and run("docker", "version", env=env, seconds=20).returncode == 0


@contextlib.contextmanager
def engine(scratch: Path) -> Iterator[Engine]:
    """Provide the machine's engine if it responds, otherwise start one.

    Raises:
        NoEngine: neither is available.
    """
    env = dict(os.environ)
    if answers(env):
        say("uses the engine of this machine")
        with_plugins(env, scratch)
        yield Engine(env, own=False)
        return
    if os.geteuid() != 0:
        raise NoEngine("no Docker engine responds, and starting one requires root")
    for program, package in (("dockerd", "docker.io"), ("iptables", "iptables"), ("docker", "docker.io")):
        if not shutil.which(program):
            try:
                apt.install([package], Say())
            except StackError as error:
                raise NoEngine(str(error)) from error
    env["DOCKER_HOST"] = f"unix://{scratch / 'docker.sock'}"
    with_plugins(env, scratch)
    with daemon(env, scratch):
        yield Engine(env, own=True)


@contextlib.contextmanager
def daemon(env: dict[str, str], scratch: Path) -> Iterator[None]:
    """Start dockerd, wait until it is ready, and stop it at the end."""
    data = cache_home() / "engine"
    log = scratch / "dockerd.log"
    command = [
        *("dockerd", "--host", env["DOCKER_HOST"], "--data-root", str(data), "--exec-root", str(scratch / "exec")),
        *("--pidfile", str(scratch / "dockerd.pid")),
    ]
    bridged = BRIDGE.exists()
    say(f"starts a separate engine (data in {data}, log in {log})")
    with log.open("w") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream, start_new_session=True)
    try:
        wait_until("dockerd to respond", lambda: process.poll() is not None or answers(env), 60)
        if process.poll() is not None:
            raise NoEngine(f"dockerd does not start here: {log.read_text().splitlines()[-1]}")
        remove_containers(env)
        yield
    finally:
        if process.poll() is None:
            remove_containers(env)
        end(process)
        if not bridged:
            run("ip", "link", "delete", BRIDGE.name)


def remove_containers(env: dict[str, str]) -> None:
    """Remove everything except images and build cache that a killed run left behind."""
    if ids := run("docker", "ps", "--all", "--quiet", env=env).stdout.split():
        run("docker", "rm", "--force", "--volumes", *ids, env=env)
    run("docker", "network", "prune", "--force", env=env)
    if names := run("docker", "volume", "ls", "--quiet", env=env).stdout.split():
        run("docker", "volume", "rm", "--force", *names, env=env)


def end(process: subprocess.Popen[bytes]) -> None:
    """Stop dockerd and the containerd that it started."""
    children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)
    _, alive = psutil.wait_procs(children, timeout=10)
    for child in alive:
        child.kill()


def with_plugins(env: dict[str, str], scratch: Path) -> None:
    """Ensure that `docker compose` and `docker buildx` are installed. Build them if they are missing."""
    lacking = [name for name in PLUGINS if run("docker", name, "version", env=env).returncode]
    if not lacking:
        return
    home = scratch / "docker-config"
    (home / "cli-plugins").mkdir(parents=True, exist_ok=True)
    own = Path(env.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"
    if own.exists():
        shutil.copy(own, home)
    for name in lacking:
        module = modules.making(PLUGINS[name])
        gobuild.build(module, Say())
        (home / "cli-plugins" / PLUGINS[name]).symlink_to(module.home / PLUGINS[name])
    env["DOCKER_CONFIG"] = str(home)
