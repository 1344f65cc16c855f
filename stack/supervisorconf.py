"""supervisord's configuration: one main file, and one file per component that has joined."""

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

# All that our processes keep of the user's shell. Proxies, OTEL_*, FLASK_* and the like would change what they do.
KEPT = ("HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH")

# sysexits.h EX_CONFIG: a process that says so is wrongly set up, and starting it again would not help.
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

# A process that runs for a second counts as started; one that ends by itself is started again at once, whatever its
# exit code, unless it says that it is misconfigured. One that never gets so far is tried again ever more slowly, for
# about five minutes. TERM goes to the parent only (RQ and gunicorn see to their children); KILL to the whole group.
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
    """What every process of the instance has in its environment."""
    kept = {name: environ[name] for name in KEPT if name in environ}
    folders = [*environ.get("PATH", os.defpath).split(os.pathsep), *SYSTEM_FOLDERS]
    return {**kept, "PATH": os.pathsep.join(dict.fromkeys(folders)), MARK: str(instance.paths.state)}


def escaped(text: object) -> str:
    """supervisord replaces %(name)s in values: a plain per cent sign is doubled."""
    return str(text).replace("%", "%%")


def command_line(program: Path, arguments: tuple[str, ...]) -> str:
    """A command as supervisord splits it again: like a shell."""
    return escaped(shlex.join([str(program), *arguments]))


def environment_line(environment: Mapping[str, str]) -> str:
    """KEY="value" pairs; ``settings.fit`` has seen to it that no value holds a quote."""
    return escaped(",".join(f'{name}="{value}"' for name, value in environment.items()))


def write_main(instance: Instance) -> None:
    """supervisord.conf, and a place for its socket."""
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
        # Said openly, else it warns on every start.
        user="user=root\n" if os.geteuid() == 0 else "",
    )
    write(paths.supervisor_config, text)


def program_of(component: Component, found: Mapping[str, Path | None]) -> Path | None:
    """The file to run: our own interpreter, or what has been found; a name with a slash is that file."""
    if component.program == PYTHON:
        return Path(sys.executable)
    if "/" in component.program:
        return Path(component.program)
    return found.get(component.program)


def write_component(instance: Instance, component: Component, program: Path) -> None:
    """The component's section, and its folder for data."""
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
