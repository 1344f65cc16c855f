"""Our own processes as components, and the environment that configures them."""

from __future__ import annotations

from stack import ready, secrets, servers
from stack.components import PYTHON, Component
from stack.instance import Instance
from stack.paths import ROOT


def all_of(instance: Instance) -> list[Component]:
    """Return payments, API replicas, worker, sweeper, NGINX, the console and, if enabled, the generated traffic."""
    found = [
        web(instance, "payments", "payments", "payments", wave=2, database="payments"),
        web(instance, "api", "api-1", "app"),
        web(instance, "api", "api-2", "app"),
        background(instance, "worker", "worker-1", "workers", stop_seconds=20),
        background(instance, "sweeper", "sweeper", "workers.sweeper"),
        servers.front_door(instance),
        console(instance),
        fault_agent(instance),
    ]
    if instance.settings.traffic:
        found.append(background(instance, "traffic", "traffic", "lab.trickle", wave=0))
    return found


def web(
    instance: Instance, service: str, name: str, package: str, *, wave: int = 1, database: str = "shop"
) -> Component:
    """Return a gunicorn process that serves ``package.wsgi:app``."""
    own = {"MONGO_DATABASE": database}
    if service == "api":
        # Keys are passed as files, and only to processes that need them, because an environment is easily printed.
        own |= {
            "JWT_SECRET_FILE": str(secrets.jwt_secret(instance.paths)),
            "ADMIN_EMAIL": secrets.ADMIN_EMAIL,
            "ADMIN_PASSWORD_FILE": str(secrets.admin_password(instance.paths)),
            # Faults that require the fault agent are available, because it runs in this instance.
            "FAULTS_AGENT": "1",
        }
    return Component(
        name=name,
        program=PYTHON,
        arguments=("-m", "gunicorn", "-c", f"{package}/gunicorn.conf.py", f"{package}.wsgi:app"),
        ports=(name, f"{name}-metrics"),
        ready=ready.http_ok(instance.ports[name], "/readyz"),
        url=instance.ports.url(name),
        environment=environment(instance, service, name, port=name) | own,
        json_log=True,
        needs=("mongo", "redis") if database == "shop" else ("mongo",),
        wave=wave,
        # Longer than gunicorn's graceful_timeout, which is longer than any request's timeout.
        stop_seconds=15 if service == "api" else 10,
        scrape={service: f"{name}-metrics"},
    )


def background(
    instance: Instance, service: str, name: str, module: str, *, wave: int = 1, stop_seconds: int = 10
) -> Component:
    """Return a process whose only port serves its metrics. The port is open once the process works."""
    port = f"{name}-metrics"
    return Component(
        name=name,
        program=PYTHON,
        arguments=("-m", module),
        ports=(port,),
        ready=ready.http_ok(instance.ports[port], "/metrics"),
        url=f"{instance.ports.url(port)}/metrics",
        environment=environment(instance, service, name),
        json_log=True,
        wave=wave,
        stop_seconds=stop_seconds,
        scrape={service: port},
    )


def console(instance: Instance) -> Component:
    """Return the console, which also receives e-mail and alerts."""
    ports = instance.ports
    own = {
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(ports["console-smtp"]),
        "CONSOLE_STATE_DIR": str(instance.paths.data("console")),
        "CONSOLE_RUNBOOKS_DIR": str(ROOT / "alerts" / "runbooks"),
        "CONSOLE_DASHBOARDS_DIR": str(ROOT / "grafana" / "dashboards"),
        "CONSOLE_DRILLS_DIR": str(instance.paths.state / "drills"),
        # Drills need the launcher, which is available here, so the page can run them.
        "CONSOLE_DRILLS_CATALOGUE": str(ROOT / "lab" / "drills" / "scenarios"),
    }
    return Component(
        name="console",
        program=PYTHON,
        arguments=("-m", "console"),
        ports=("console", "console-smtp", "console-metrics"),
        ready=ready.smtp_and_http(ready.http_ok(ports["console"], "/healthz"), ports["console-smtp"]),
        url=ports.url("console"),
        environment=environment(instance, "console", "console", port="console") | own,
        json_log=True,
        scrape={"console": "console-metrics"},
        note="console: map, dashboards, requests, logs, alerts, drills",
    )


def fault_agent(instance: Instance) -> Component:
    """Return the fault agent, which injects the faults that need another process (`docs/reference/faults.md`)."""
    paths = instance.paths
    record = paths.faults / "fault-agent.json"
    return Component(
        name="fault-agent",
        program=PYTHON,
        arguments=("-m", "faults.agent"),
        ports=(),
        ready=ready.recorded(record),
        url="",
        environment={
            "OBSERVABILITY_INSTANCE": "fault-agent",
            "FAULTS_FILE": str(paths.flags_file),
            "FAULT_AGENT_RECORD": str(record),
            "SUPERVISOR_SOCKET": str(paths.socket),
        },
        json_log=True,
        # Stopped first: it resumes the processes that it has paused, so that they can be stopped.
        wave=0,
    )


def environment(instance: Instance, service: str, name: str, port: str = "") -> dict[str, str]:
    """Return all settings of one process. Only the variables that ``settings`` passes on come from the user's shell."""
    ports = instance.ports
    return {
        **instance.settings.passed_on,
        "OTEL_SERVICE_NAME": service,
        "OBSERVABILITY_INSTANCE": name,
        "OBSERVABILITY_NAMESPACE": "glasshouse",
        # Without baggage: entries that a client sends would be propagated to all services behind the API.
        "OTEL_PROPAGATORS": "tracecontext",
        "HOST": "127.0.0.1",
        **({"PORT": str(ports[port])} if port else {}),
        "OBSERVABILITY_METRICS_HOST": "127.0.0.1",
        "OBSERVABILITY_METRICS_PORT": str(ports[f"{name}-metrics"]),
        "OTEL_EXPORTER_OTLP_ENDPOINT": ports.url("collector-otlp-http"),
        "MONGO_URL": f"{ports.url('mongo', 'mongodb')}/?directConnection=true",
        "MONGO_DATABASE": "shop",
        "REDIS_URL": f"{ports.url('redis', 'redis')}/0",
        "PAYMENTS_URL": ports.url("payments"),
        "SMTP_URL": ports.url("console-smtp", "smtp"),
        "API_URL": ports.url("nginx"),
        "PROMETHEUS_URL": ports.url("prometheus"),
        "ALERTMANAGER_URL": ports.url("alertmanager"),
        "LOKI_URL": instance.loki_url,
        "JAEGER_URL": ports.url("jaeger"),
        "COLLECTOR_METRICS_URL": ports.url("collector-metrics"),
        "CONSOLE_URL": ports.url("console"),
        **({"FAULTS_FILE": str(instance.paths.flags_file)} if service in ("api", "payments", "worker") else {}),
        "JOINING_FILE": str(instance.paths.joining_file),
        "PYTHONUNBUFFERED": "1",
    }
