"""The third-party servers as components. ``stack/config/README.md`` describes their configuration and settings."""

from __future__ import annotations

import shutil

from stack import ready, secrets
from stack.components import Component
from stack.instance import Instance
from stack.paths import ROOT

CONFIG = ROOT / "stack" / "config"
LOCAL = "127.0.0.1"


def stores(instance: Instance) -> list[Component]:
    """Return MongoDB and Redis."""
    ports, paths = instance.ports, instance.paths
    mongo = Component(
        name="mongo",
        program="mongod",
        arguments=(
            *("--config", str(CONFIG / "mongo" / "mongod.conf"), "--bind_ip", LOCAL, "--port", str(ports["mongo"])),
            *("--dbpath", str(paths.data("mongo")), "--nounixsocket"),
            # A primary waits up to 15 s for a successor when it stops, and a set of one has no successor.
            *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"),
        ),
        ports=("mongo",),
        ready=ready.mongo_primary(ports["mongo"]),
        url=f"{ports.url('mongo', 'mongodb')}/?directConnection=true",
        wave=4,
    )
    redis = Component(
        name="redis",
        program="redis-server",
        arguments=(
            *(str(CONFIG / "redis" / "redis.conf"), "--bind", LOCAL, "--port", str(ports["redis"])),
            *("--dir", str(paths.data("redis"))),
            # A process title would overwrite the environment, which is used to find remaining processes.
            *("--set-proc-title", "no"),
        ),
        ports=("redis",),
        ready=ready.redis_ping(ports["redis"]),
        url=f"{ports.url('redis', 'redis')}/0",
        wave=4,
    )
    return [mongo, redis]


def front_door(instance: Instance) -> Component:
    """Return NGINX, the reverse proxy of the API replicas."""
    run = instance.paths.run
    return Component(
        name="nginx",
        program="nginx",
        # One process: a master and its workers overwrite the environment, which is used to find remaining processes.
        arguments=("-p", str(run), "-e", "stderr", "-c", "nginx.conf", "-g", "master_process off;"),
        ports=("nginx", "nginx-status"),
        ready=ready.http_ok(instance.ports["nginx-status"], "/status"),
        url=instance.ports.url("nginx"),
        environment={"TZ": "UTC"},
        json_log=True,
        wave=0,
        stop_signal="QUIT",
        stop_seconds=5,
        note="the shop's API, e.g. /api/v1/products",
    )


def telemetry(instance: Instance) -> list[Component]:
    """Return the servers that collect, store and show telemetry."""
    found = [prometheus(instance), alertmanager(instance), jaeger(instance), collector(instance)]
    # Grafana is not available from a registry: it is started only if it is installed.
    if program := shutil.which("grafana-server") or shutil.which("grafana"):
        found.append(grafana(instance, program))
    return found


def prometheus(instance: Instance) -> Component:
    """Return Prometheus, with exemplar storage."""
    port = instance.ports["prometheus"]
    return Component(
        name="prometheus",
        program="prometheus",
        arguments=(
            f"--config.file={instance.paths.run / 'prometheus' / 'prometheus.yml'}",
            f"--storage.tsdb.path={instance.paths.data('prometheus')}",
            "--storage.tsdb.retention.time=15d",
            "--storage.tsdb.retention.size=1GB",
            "--enable-feature=exemplar-storage",
            f"--web.listen-address={LOCAL}:{port}",
            # Without it, links in notifications use this machine's name and the port without the offset.
            f"--web.external-url={instance.ports.url('prometheus')}/",
            "--web.enable-lifecycle",
            "--log.level=warn",
        ),
        ports=("prometheus",),
        ready=ready.http_ok(port, "/-/ready"),
        url=instance.ports.url("prometheus"),
        environment={"GOMEMLIMIT": "200MiB"},
        wave=2,
        scrape={"prometheus": "prometheus"},
        reload="/-/reload",
        note="metrics and alert rules",
    )


def alertmanager(instance: Instance) -> Component:
    """Return Alertmanager as a single server, without a cluster."""
    port = instance.ports["alertmanager"]
    return Component(
        name="alertmanager",
        program="alertmanager",
        arguments=(
            "--config.file=alertmanager.yml",
            f"--storage.path={instance.paths.data('alertmanager')}",
            f"--web.listen-address={LOCAL}:{port}",
            f"--web.external-url={instance.ports.url('alertmanager')}/",
            "--cluster.listen-address=",
            "--log.level=warn",
        ),
        ports=("alertmanager",),
        ready=ready.http_ok(port, "/-/ready"),
        url=instance.ports.url("alertmanager"),
        environment={"GOMEMLIMIT": "40MiB"},
        core=False,
        wave=2,
        # Its configuration names files in the same folder, which are read relative to the working directory.
        folder=str(instance.paths.run / "alertmanager"),
        scrape={"alertmanager": "alertmanager"},
        reload="/-/reload",
        note="firing alerts",
    )


def jaeger(instance: Instance) -> Component:
    """Return Jaeger with Badger on disk."""
    ports = instance.ports
    return Component(
        name="jaeger",
        program="jaeger",
        arguments=(f"--config={CONFIG / 'jaeger' / 'jaeger.yaml'}",),
        ports=("jaeger", "jaeger-query-grpc", "jaeger-otlp", "jaeger-health", "jaeger-metrics"),
        ready=ready.http_ok(ports["jaeger-health"], "/status"),
        url=ports.url("jaeger"),
        environment={
            "JAEGER_HOST": LOCAL,
            "JAEGER_QUERY_PORT": str(ports["jaeger"]),
            "JAEGER_QUERY_GRPC_PORT": str(ports["jaeger-query-grpc"]),
            "JAEGER_OTLP_GRPC_PORT": str(ports["jaeger-otlp"]),
            "JAEGER_HEALTH_PORT": str(ports["jaeger-health"]),
            "JAEGER_METRICS_PORT": str(ports["jaeger-metrics"]),
            "JAEGER_DATA": str(instance.paths.data("jaeger")),
            # Badger needs memory when it opens: with 450 MB of spans and a limit of 150 MiB, garbage collection never
            # ended and used nearly a whole core. An instance with few spans uses a fifth of this limit.
            "GOMEMLIMIT": "640MiB",
        },
        core=False,
        wave=4,
        scrape={"jaeger": "jaeger-metrics"},
        note="traces (API)",
    )


def collector(instance: Instance) -> Component:
    """Return the OpenTelemetry Collector between our processes and the log and trace stores."""
    ports, paths = instance.ports, instance.paths
    return Component(
        name="collector",
        program="otelcol",
        arguments=(
            f"--config={CONFIG / 'collector' / 'collector.yaml'}",
            # A log file's offset advances only when its lines are in the queue on disk.
            "--feature-gates=stanza.synchronousLogEmitter",
        ),
        ports=(
            *("collector-otlp-http", "collector-otlp-grpc", "collector-health"),
            *("collector-spans", "collector-metrics"),
        ),
        ready=ready.http_ok(ports["collector-health"]),
        url=ports.url("collector-otlp-http"),
        environment={
            "COLLECTOR_HOST": LOCAL,
            "COLLECTOR_OTLP_GRPC_PORT": str(ports["collector-otlp-grpc"]),
            "COLLECTOR_OTLP_HTTP_PORT": str(ports["collector-otlp-http"]),
            "COLLECTOR_HEALTH_PORT": str(ports["collector-health"]),
            "COLLECTOR_SPAN_METRICS_PORT": str(ports["collector-spans"]),
            "COLLECTOR_METRICS_PORT": str(ports["collector-metrics"]),
            "COLLECTOR_DATA": str(paths.data("collector")),
            "LOG_GLOB": f"{paths.json_logs}/*.log*",
            "LOGS_ENDPOINT": f"{instance.loki_url}/otlp/v1/logs",
            "JAEGER_OTLP_ENDPOINT": f"{LOCAL}:{ports['jaeger-otlp']}",
            "OBSERVABILITY_ENVIRONMENT": instance.settings.passed_on["OBSERVABILITY_ENVIRONMENT"],
            "GOMEMLIMIT": "120MiB",
        },
        core=False,
        wave=3,
        scrape={"collector": "collector-metrics", "spans": "collector-spans"},
    )


def grafana(instance: Instance, program: str) -> Component:
    """Return Grafana, as installed on this machine."""
    home = str(instance.settings.grafana_home)
    port = instance.ports["grafana"]
    dashboards = ROOT / "grafana" / "dashboards"
    return Component(
        name="grafana",
        program=program,
        arguments=(*(() if program.endswith("-server") else ("server",)), "--homepath", home),
        ports=("grafana",),
        ready=ready.http_ok(port, "/api/health"),
        url=instance.ports.url("grafana"),
        environment={
            "GF_SERVER_HTTP_ADDR": LOCAL,
            "GF_SERVER_HTTP_PORT": str(port),
            "GF_PATHS_DATA": str(instance.paths.data("grafana")),
            "GF_PATHS_LOGS": str(instance.paths.logs),
            "GF_PATHS_PROVISIONING": str(ROOT / "grafana" / "provisioning"),
            "GF_LOG_MODE": "console",
            "GF_SECURITY_ADMIN_USER": "admin",
            "GF_SECURITY_ADMIN_PASSWORD__FILE": str(secrets.grafana_password(instance.paths)),
            "GF_USERS_ALLOW_SIGN_UP": "false",
            # Only on request, because dashboards show addresses and names of the shop's users.
            "GF_AUTH_ANONYMOUS_ENABLED": str(instance.settings.grafana_anonymous).lower(),
            "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
            "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": str(dashboards / "glasshouse-overview.json"),
            "GRAFANA_DASHBOARDS": str(dashboards),
            "GF_ANALYTICS_REPORTING_ENABLED": "false",
            "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
            "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
            "GF_PLUGINS_PREINSTALL_DISABLED": "true",
            "PROMETHEUS_URL": instance.ports.url("prometheus"),
            "ALERTMANAGER_URL": instance.ports.url("alertmanager"),
            "LOKI_URL": instance.loki_url,
            "JAEGER_URL": instance.ports.url("jaeger"),
        },
        core=False,
        note="dashboards; user admin, password in secrets/grafana_password",
    )
