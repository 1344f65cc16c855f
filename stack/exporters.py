"""The Prometheus exporters for Redis, NGINX and the machine, as components.

MongoDB needs no exporter: the sweeper exposes ``mongodb_up``, and every client exposes the durations of its operations.
"""

from __future__ import annotations

from stack import ready
from stack.components import Component
from stack.instance import Instance

LOCAL = "127.0.0.1"
# Shorter than the scrape timeout (4 s), so that a paused server is reported as down, and not its exporter.
PATIENCE = "2s"

RETRIES = {"NGINX_RETRIES": "100000", "NGINX_RETRY_INTERVAL": "1s"}
"""Keep NGINX's exporter before 1.0 from exiting if it starts before NGINX. Later versions lack these flags."""

NODE_COLLECTORS = ("cpu", "diskstats", "filesystem", "loadavg", "meminfo", "netdev", "time", "timex")
"""The collectors that alerts and panels use, out of several dozen."""


def all_of(instance: Instance) -> list[Component]:
    """Return one component for each exporter."""
    ports = instance.ports
    return [
        exporter(
            instance,
            "redis",
            f"--redis.addr={ports.url('redis', 'redis')}",
            f"--connection-timeout={PATIENCE}",
        ),
        exporter(
            instance,
            "nginx",
            f"--nginx.scrape-uri={ports.url('nginx-status')}/status",
            f"--nginx.timeout={PATIENCE}",
        ),
        exporter(
            instance,
            "node",
            "--collector.disable-defaults",
            *(f"--collector.{name}" for name in NODE_COLLECTORS),
        ),
    ]


def exporter(instance: Instance, job: str, *arguments: str) -> Component:
    """Return one exporter that is scraped as ``job``."""
    name = f"{job}-exporter"
    port = instance.ports[name]
    return Component(
        name=name,
        program=name,
        arguments=(*arguments, f"--web.listen-address={LOCAL}:{port}"),
        ports=(name,),
        ready=ready.http_ok(port, "/metrics"),
        url=f"{instance.ports.url(name)}/metrics",
        environment={"GOMEMLIMIT": "24MiB", "GOMAXPROCS": "1", **RETRIES},
        wave=2,
        scrape={job: name},
    )
