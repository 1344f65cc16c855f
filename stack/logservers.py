"""The servers that store and serve the logs, as components: VictoriaLogs behind the log gateway, or Loki.

All serve Loki's API on the port ``loki``, so that other components do not depend on the choice.
"""

from __future__ import annotations

from stack import ready, services
from stack.components import PYTHON, Component
from stack.instance import Instance
from stack.servers import CONFIG, LOCAL


def all_of(instance: Instance) -> list[Component]:
    """Return the log store's components; none if an external Loki is used."""
    match instance.log_store.kind:
        case "given":
            return []
        case "loki":
            return [loki(instance)]
        case "victorialogs":
            return [victorialogs(instance), log_gateway(instance)]


def victorialogs(instance: Instance) -> Component:
    """Return VictoriaLogs as one process."""
    ports, settings = instance.ports, instance.settings
    return Component(
        name="victorialogs",
        program="victoria-logs",
        arguments=(
            f"-httpListenAddr={LOCAL}:{ports['victorialogs']}",
            f"-storageDataPath={instance.paths.data('victorialogs')}",
            f"-retentionPeriod={settings.log_retention}",
            f"-retention.maxDiskSpaceUsageBytes={settings.log_retention_bytes}",
            # How long an accepted line may stay in memory only: the gateway acknowledges it after that.
            "-inmemoryDataFlushInterval=1s",
            # The gateway detects a restart of the process by one open connection (log_gateway/writing/durability.py).
            "-http.connTimeout=24h",
            # An empty line stays empty, as in Loki.
            "-defaultMsgValue=",
            # The Collector truncates lines at 256 KiB. Lines that reach the store another way should not be dropped for
            # their length, nor lines of a machine whose clock is ahead.
            "-insert.maxLineSizeBytes=2MB",
            "-futureRetention=30d",
            "-memory.allowedBytes=128MB",
            "-search.maxQueryDuration=30s",
            # Each query uses all cores; further queries wait up to 10 s.
            "-search.maxConcurrentRequests=4",
            "-loggerFormat=json",
            "-loggerLevel=WARN",
        ),
        ports=("victorialogs",),
        ready=ready.http_ok(ports["victorialogs"], "/health"),
        url=ports.url("victorialogs"),
        environment={"GOMEMLIMIT": "384MiB"},
        core=False,
        # Stopped last.
        wave=5,
        stop_seconds=15,
        scrape={"victorialogs": "victorialogs"},
        note="stored logs: VictoriaLogs UI (/select/vmui)",
    )


def log_gateway(instance: Instance) -> Component:
    """Return our process that serves Loki's API from VictoriaLogs."""
    ports = instance.ports
    own = {"VICTORIALOGS_URL": ports.url("victorialogs")}
    return Component(
        name="log-gateway",
        program=PYTHON,
        arguments=("-m", "gunicorn", "-c", "log_gateway/gunicorn.conf.py", "log_gateway.wsgi:app"),
        ports=("loki", "log-gateway-metrics"),
        ready=ready.http_ok(ports["loki"], "/readyz"),
        url=ports.url("loki"),
        environment=services.environment(instance, "log-gateway", "log-gateway", port="loki") | own,
        core=False,
        json_log=True,
        joins_with="victorialogs",
        needs=("victorialogs",),
        # Stopped after the Collector, whose last lines it forwards, and before the store.
        wave=4,
        stop_seconds=15,
        scrape={"log-gateway": "log-gateway-metrics"},
        note="logs (Loki's API)",
    )


def loki(instance: Instance) -> Component:
    """Return a local Loki, with all parts in one process."""
    ports = instance.ports
    return Component(
        name="loki",
        program="loki",
        arguments=(f"-config.file={CONFIG / 'loki' / 'loki.yaml'}", "-config.expand-env=true"),
        ports=("loki", "loki-grpc"),
        ready=ready.http_ok(ports["loki"], "/ready"),
        url=ports.url("loki"),
        environment={
            "LOKI_HOST": LOCAL,
            "LOKI_HTTP_PORT": str(ports["loki"]),
            "LOKI_GRPC_PORT": str(ports["loki-grpc"]),
            "LOKI_DATA": str(instance.paths.data("loki")),
            "LOG_RETENTION": instance.settings.log_retention,
            "GOMEMLIMIT": "150MiB",
        },
        core=False,
        wave=4,
        stop_seconds=15,
        ready_seconds=120.0,
        scrape={"loki": "loki"},
        note="logs (API)",
    )
