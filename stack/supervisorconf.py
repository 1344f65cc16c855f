"""supervisord's configuration: one main file, and one file per started component."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from stack.components import PYTHON, Component
from stack.errors import StateDirError
from stack.instance import Instance
from stack.paths import ROOT
from stack.programs import SYSTEM_FOLDERS
from stack.render import log_file, write
from stack.stragglers import MARK

# The only variables that our processes inherit from the user's shell. Proxies, OTEL_*, FLASK_* and similar variables
# would change their behaviour.
KEPT = ("HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH")

# sysexits.h EX_CONFIG: a process that exits with it is misconfigured, and a restart would not help.
MISCONFIGURED = 78

MAIN = """\
[unix_http_server]
file={socket}
chmod=0700

[supervisord]
logfile={logs}/supervisord.log
logfile_maxbytes=5MB
logfile_backups=2
pidfile={run}/supervisord.pid
nodaemon=true
silent=true
identifier=glasshouse
directory={root}
{user}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[rpcinterface:orphans]
supervisor.rpcinterface_factory = stack.orphans:make

[include]
files=components/*.conf
"""

# A process that runs for a second counts as started. A started process that exits is restarted immediately with any
# exit code except the one for a wrong configuration. A process that exits earlier is retried at growing intervals for
# about five minutes. TERM is sent to the parent only (RQ and gunicorn stop their children), KILL to the whole group.
COMPONENT = """\
[program:{name}]
command={command}
directory={folder}
environment={environment}
autorestart=unexpected
exitcodes={misconfigured}
startsecs=1
startretries=24
stopsignal={stop_signal}
stopwaitsecs={stop_seconds}
stopasgroup=false
killasgroup=true
redirect_stderr=true
stdout_logfile={log}
stdout_logfile_maxbytes=20MB
stdout_logfile_backups=3
"""


def base_environment(instance: Instance, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that every process of the instance has in its environment."""
    kept = {name: environ[name] for name in KEPT if name in environ}
    folders = [*environ.get("PATH", os.defpath).split(os.pathsep), *SYSTEM_FOLDERS]
    return {**kept, "PATH": os.pathsep.join(dict.fromkeys(folders)), MARK: str(instance.paths.state)}


def escaped(text: object) -> str:
    """Double per cent signs, because supervisord replaces %(name)s in values."""
    return str(text).replace("%", "%%")


def command_line(program: Path, arguments: tuple[str, ...]) -> str:
    """Quote a command so that supervisord, which splits it like a shell, gets the same arguments."""
    return escaped(shlex.join([str(program), *arguments]))


def environment_line(environment: Mapping[str, str]) -> str:
    """Return KEY="value" pairs. ``settings.Fit`` ensures that no value contains a quote."""
    return escaped(",".join(f'{name}="{value}"' for name, value in environment.items()))


def write_main(instance: Instance) -> None:
    """Write supervisord.conf and create the folder of its socket."""
    paths = instance.paths
    folder = paths.socket.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise StateDirError(f"{folder} belongs to another user: choose a shorter GLASSHOUSE_STATE_DIR.")
    text = MAIN.format(
        socket=escaped(paths.socket),
        logs=escaped(paths.logs),
        run=escaped(paths.run),
        root=escaped(ROOT),
        # Set explicitly, because supervisord otherwise warns on every start.
        user="user=root\n" if os.geteuid() == 0 else "",
    )
    write(paths.supervisor_config, text)


def program_of(component: Component, found: Mapping[str, Path | None]) -> Path | None:
    """Return the file to run: our own interpreter, or the program that was found. A name with a slash is a path."""
    if component.program == PYTHON:
        return Path(sys.executable)
    if "/" in component.program:
        return Path(component.program)
    return found.get(component.program)


def write_component(instance: Instance, component: Component, program: Path) -> None:
    """Write the component's section and create its data folder."""
    instance.paths.data(component.name).mkdir(parents=True, exist_ok=True)
    text = COMPONENT.format(
        name=component.name,
        command=command_line(program, component.arguments),
        folder=escaped(component.folder or ROOT),
        environment=environment_line(component.environment),
        misconfigured=MISCONFIGURED,
        stop_signal=component.stop_signal,
        stop_seconds=component.stop_seconds,
        log=escaped(log_file(instance.paths, component)),
    )
    write(instance.paths.programs / f"{component.name}.conf", text)
