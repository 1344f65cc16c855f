"""The composed stack under test: a fresh clone, a plain `docker compose up`, and an empty environment.

Only the ports, which must be free, and the project's name differ from a user's stack.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode

from deploy.tracked import tracked
from tests.compose.engine import Engine
from tests.compose.run import ROOT, CommandFailed, run
from tests.e2e.conftest import Stack
from tests.ports import free_ports

PORTS = {
    "nginx": "HTTP_PORT", "console": "CONSOLE_PORT", "prometheus": "PROMETHEUS_PORT", "grafana": "GRAFANA_PORT",
    "alertmanager": "ALERTMANAGER_PORT", "jaeger": "JAEGER_PORT",
}  # fmt: skip
"""The variable of the published port by service."""
INTERNAL = {"loki": "http://loki:3100"}
"""Services without a published port, which are reached from inside the network."""
ONE_SHOT = {"prepare", "passwords", "mongo-prepare", "mongo-join"}
ENVIRONMENT = ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT")
"""The variables that are kept from the environment: the locations of programs and the engine."""
ASK = "import sys, urllib.request as r; sys.stdout.write(r.urlopen(sys.argv[1], timeout=20).read().decode())"


@dataclass
class Composed(Stack):
    """The composed stack with the methods of the native stack. Components have the same names (`api-1`)."""

    environment: ClassVar[str] = "compose"
    log_api: ClassVar[str] = "loki"
    log_store: ClassVar[tuple[str, ...]] = ("loki",)
    engine: Engine = field(kw_only=True)
    project: str = field(kw_only=True)
    folder: Path = field(kw_only=True)
    """The folder of the clone."""
    real_images: bool = field(kw_only=True)
    ports: dict[str, int] = field(kw_only=True)

    @classmethod
    def of(cls, engine: Engine, scratch: Path, project: str, real_images: bool) -> Composed:
        """Prepare the clone without starting anything."""
        ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        env = {
            **{name: engine.env[name] for name in ENVIRONMENT if name in engine.env},
            **{PORTS[service]: str(port) for service, port in ports.items()},
            "COMPOSE_PROJECT_NAME": project,
        }
        folder = scratch / "clone"
        clone(folder)
        return cls(
            state_dir=scratch,
            env=env,
            engine=engine,
            project=project,
            folder=folder,
            real_images=real_images,
            ports=ports,
        )

    def compose(self, *arguments: str, seconds: float = 300) -> str:
        """Return the output of `docker compose …`. Raises `CommandFailed`."""
        done = self.tries(*arguments, seconds=seconds)
        if done.returncode:
            raise CommandFailed(f"`docker compose {' '.join(arguments)}` failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def tries(self, *arguments: str, seconds: float = 300) -> subprocess.CompletedProcess[str]:
        """Run `docker compose …`, which may fail."""
        return run("docker", "compose", *arguments, env=self.env, seconds=seconds, folder=self.folder)

    def up(self, *more: str, profiles: Sequence[str] = (), seconds: float = 420) -> None:
        """Start services that are not running and wait until all are healthy."""
        chosen = [part for profile in profiles for part in ("--profile", profile)]
        done = self.tries(*chosen, "up", "--wait", *more, seconds=seconds)
        if done.returncode:
            raise CommandFailed(f"up failed:\n{done.stdout[-3000:]}{done.stderr[-5000:]}\n{self.complaints()}")

    def password(self, name: str) -> str:
        """Return the password that the documented command shows."""
        return self.compose("run", "--rm", "passwords", "show", name).removesuffix("\n")

    def complaints(self) -> str:
        """Return the last log lines of all unhealthy services."""
        reports = []
        for row in self.containers():
            if row["State"] != "running" or row["Health"] == "unhealthy":
                logs = self.engine.tries("logs", "--tail", "12", row["ID"])
                reports.append(f"--- {row['Name']} {row['State']} {row['Health']}\n{logs.stdout}{logs.stderr}")
        return "\n".join(reports)

    def containers(self) -> list[dict[str, Any]]:
        """Return all containers of the project, also one-shot ones, with the fields of `docker compose ps` and the pid.

        This queries the engine, because Compose takes ten times as long.
        """
        label = f"label=com.docker.compose.project={self.project}"
        ids = self.engine.docker("ps", "--all", "--quiet", "--filter", label).split()
        return [row_of(one) for one in json.loads(self.engine.docker("inspect", *ids))] if ids else []

    def name_of(self, row: dict[str, Any]) -> str:
        """The component's name in the native stack. Only replicas have numbers."""
        service = str(row["Service"])
        return str(row["Name"]).removeprefix(f"{self.project}-") if service in ("api", "worker") else service

    def container(self, component: str) -> dict[str, Any]:
        """Return the result of `docker inspect` for a component."""
        row = next(row for row in self.containers() if self.name_of(row) == component)
        return dict(json.loads(self.engine.docker("inspect", row["ID"]))[0])

    def status(self) -> dict[str, Any]:
        """Return rows like those of `python -m stack status --json`."""
        found = {}
        for row in self.containers():
            service = row["Service"]
            if service in ONE_SHOT:
                continue
            found[self.name_of(row)] = {
                "state": row["State"],
                "pid": row["Pid"] or None,
                "port": self.ports.get(service),
                "url": f"http://127.0.0.1:{self.ports[service]}"
                if service in self.ports
                else INTERNAL.get(service, ""),
            }
        return found

    def launcher(self, *arguments: str, seconds: float = 600) -> subprocess.CompletedProcess[str]:
        """Run `start`, `stop` or `restart` for components, or `exec` for a module in the console's container."""
        action, *rest = arguments
        if action == "exec":
            return self.tries("exec", "-T", "console", "python", "-m", *rest, seconds=seconds)
        assert action in ("start", "stop", "restart")
        ids = [self.container(name)["Id"] for name in rest]
        return self.engine.tries(action, *ids, seconds=seconds)

    def get(self, component: str, path: str, **query: Any) -> Any:
        """Return the JSON of a server's response to GET."""
        if component not in INTERNAL:
            return super().get(component, path, **query)
        return json.loads(self.ask(f"{INTERNAL[component]}{path}{'?' if query else ''}{urlencode(query)}"))

    def ask(self, url: str) -> str:
        """Return a server's response to GET from within the network `back`."""
        return self.compose("exec", "-T", "console", "python", "-c", ASK, url, seconds=40)


def clone(folder: Path) -> None:
    """Copy the files that git tracks from this checkout, including uncommitted changes."""
    for path in map(Path, tracked(new=False)):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, folder / path)


def row_of(inspected: dict[str, Any]) -> dict[str, Any]:
    """Return the relevant fields of a container from `docker inspect`."""
    state = inspected["State"]
    return {
        "ID": inspected["Id"],
        "Name": inspected["Name"].removeprefix("/"),
        "Service": inspected["Config"]["Labels"]["com.docker.compose.service"],
        "State": state["Status"],
        "Health": state.get("Health", {}).get("Status", ""),
        "ExitCode": state["ExitCode"],
        "Pid": state["Pid"],
    }
