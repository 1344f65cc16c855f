"""The exporters as components: what says in Prometheus' words how Redis, NGINX and the machine are.

MongoDB needs none: the sweeper exposes ``mongodb_up``, and every caller the durations of its operations.
"""

from __future__ import annotations

from stack import ready
from stack.components import Component
from stack.instance import Instance

LOCAL = "127.0.0.1"
# Less than a scrape may take (4 s): a server that is paused shows as down, not its exporter.
PATIENCE = "2s"

RETRIES = {"NGINX_RETRIES": "100000", "NGINX_RETRY_INTERVAL": "1s"}
"""Before 1.0 NGINX's exporter ends when NGINX is not there at its start. Not as flags: later ones do not know them."""

NODE_COLLECTORS = ("cpu", "diskstats", "filesystem", "loadavg", "meminfo", "netdev", "time", "timex")
"""Of several dozen: what alerts and panels read."""


def all_of(instance: Instance) -> list[Component]:
    """One for each of them."""
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
    """One that is scraped as ``job``."""
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
