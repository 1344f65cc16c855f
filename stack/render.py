"""The files that are generated for one instance: nginx.conf, Prometheus' folder and Alertmanager's folder.

All other configuration files are read from the checkout.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from stack import alertmanager_config
from stack.components import Component
from stack.errors import StartFailed
from stack.instance import Instance
from stack.paths import ROOT, StatePaths

CONFIG = ROOT / "stack" / "config"
ALERTS = ROOT / "alerts"


def envsubst(template: str, values: Mapping[str, str]) -> str:
    """Replace ``${NAME}`` for the given names only. nginx's own ``$variables`` stay, as in the official image."""
    return re.sub(r"\$\{(\w+)\}", lambda found: values.get(found[1], found[0]), template)


def write(path: Path, text: str) -> None:
    """Write the file atomically, so that a running server never reads an incomplete file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text)
    fresh.replace(path)


def link(path: Path, target: Path) -> None:
    """Make ``path`` a symlink to ``target``, replacing an existing file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(path)


def static(instance: Instance) -> None:
    """Write the files that do not depend on which components have started. Running servers may be reading them."""
    run = instance.paths.run
    try:
        nginx(instance)
        prometheus(run / "prometheus")
        alertmanager(instance, run / "alertmanager")
    except FileNotFoundError as error:
        raise StartFailed(
            f"this checkout has no {error.filename}: run `git status` to list the missing files."
        ) from error


def nginx(instance: Instance) -> None:
    """Return nginx.conf, rendered from its template."""
    ports, run = instance.ports, instance.paths.run
    template = (CONFIG / "nginx" / "nginx.conf.template").read_text()
    values = {
        "NGINX_LISTEN": f"127.0.0.1:{ports['nginx']}",
        "NGINX_STATUS_LISTEN": f"127.0.0.1:{ports['nginx-status']}",
        "NGINX_ACCESS_LOG": "/dev/stdout",
        "NGINX_RUN_DIR": str(run).replace(" ", r"\ "),
        # One second: in a rolling restart, a restarted replica must not count as failed when the next one stops.
        "API_UPSTREAM_SERVERS": " ".join(
            f"server 127.0.0.1:{ports[name]} max_fails=2 fail_timeout=1s;" for name in ("api-1", "api-2")
        ),
    }
    write(run / "nginx.conf", envsubst(template, values))


def prometheus(folder: Path) -> None:
    """Link the configuration and rules, which Prometheus resolves from the folder, and create the target folders."""
    link(folder / "prometheus.yml", CONFIG / "prometheus" / "prometheus.yml")
    link(folder / "rules", ALERTS / "rules")
    for name in ("targets", "alertmanagers"):
        (folder / name).mkdir(parents=True, exist_ok=True)


def alertmanager(instance: Instance, folder: Path) -> None:
    """Write the configuration with this instance's addresses and with the receivers whose secrets exist."""
    ports, text = instance.ports, (ALERTS / "alertmanager.yml").read_text()
    link(folder / "templates", ALERTS / "templates")
    link(folder / "secrets", instance.paths.secrets)
    write(folder / "webhook_url", f"{ports.url('console')}/api/alerts/webhook\n")
    write(folder / "addresses.tmpl", alertmanager_config.addresses(ports.url("console")))
    smtp = f"127.0.0.1:{ports['console-smtp']}"
    write(folder / "alertmanager.yml", alertmanager_config.rendered(text, smtp, folder))


def joined(instance: Instance, component: Component) -> None:
    """Add a started component to Prometheus' scrape targets; Alertmanager also becomes its alert receiver."""
    folder = instance.paths.run / "prometheus"
    groups = [
        {"targets": [f"127.0.0.1:{instance.ports[port]}"], "labels": {"job": job, "instance": component.name}}
        for job, port in component.scrape.items()
    ]
    if groups:
        write(folder / "targets" / f"{component.name}.json", json.dumps(groups, indent=2))
    if component.name == "alertmanager":
        target = [{"targets": [f"127.0.0.1:{instance.ports['alertmanager']}"]}]
        write(folder / "alertmanagers" / "alertmanager.json", json.dumps(target))


def given_log_store(instance: Instance) -> None:
    """Add an external Loki at the given address to Prometheus' scrape targets."""
    if instance.log_store.kind != "given":
        return
    parts = urlsplit(instance.log_store.url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    labels = {"job": "loki", "instance": parts.netloc}
    # Labels that change the scheme and path of the scrape; Prometheus does not store them.
    if parts.scheme == "https":
        labels["__scheme__"] = "https"
    if parts.path:
        labels["__metrics_path__"] = f"{parts.path}/metrics"
    groups = [{"targets": [f"{host}:{port}"], "labels": labels}]
    write(instance.paths.run / "prometheus" / "targets" / "loki.json", json.dumps(groups, indent=2))


def left(paths: StatePaths, joined_ones: Collection[str]) -> None:
    """Delete the files of components that are no longer part of the instance."""
    targets = (paths.run / "prometheus").glob("*/*.json")
    for written in (*paths.programs.glob("*.conf"), *targets):
        if written.stem not in joined_ones:
            written.unlink()


def log_file(paths: StatePaths, component: Component) -> Path:
    """Return the file to which supervisord writes the component's output."""
    return (paths.json_logs if component.json_log else paths.logs) / f"{component.name}.log"
