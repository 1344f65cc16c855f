"""Each server's configuration exists once, for both runtimes."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from stack import exporters
from tests.unit.compose.files import ROOT, SERVICES, VERSIONS, bind_mounts

EXPORTERS = {"redis-exporter", "nginx-exporter", "node-exporter"}
SHARED = ("stack/config/", "alerts/", "grafana/")
# Words that identify a configuration of a server, whatever the name of the file: no other file of the project has them.
MARKS = {
    "prometheus": r"(?m)^scrape_configs:",
    "alertmanager": r"(?m)^receivers:\n(.*\n)*?- name:|(?m)^route:\n\s+receiver:",
    "collector": r"(?m)^receivers:\n\s+otlp:(.*\n)*?\s+file_?log",
    "jaeger": r"jaeger_storage:",
    "loki": r"(?m)^schema_config:",
    "nginx": r"(?m)^http \{",
    "redis": r"(?m)^appendonly ",
    "mongo": r"(?m)^replication:\n\s+replSetName:",
}
TYPES = {".yaml", ".yml", ".conf", ".template", ".toml", ".json", ".ini"}
# The examples belong to another project's service and its servers.
LEFT_OUT = {".git", ".venv", ".glasshouse", "node_modules", "tests", "dist", "build", "examples"}


def configurations() -> list[Path]:
    """Return every file of the repository that could be a server's configuration."""
    return [
        path
        for path in ROOT.rglob("*")
        if path.suffix in TYPES and not LEFT_OUT & set(path.relative_to(ROOT).parts) and path.is_file()
    ]


def test_each_server_has_one() -> None:
    """Each server has one configuration file, because a second one would diverge from it."""
    texts = {path: path.read_text(errors="replace") for path in configurations()}
    for server, mark in MARKS.items():
        found = sorted(str(path.relative_to(ROOT)) for path, text in texts.items() if re.search(flat(mark), text, re.M))
        assert len(found) == 1, f"{server}: {found}"
        assert found[0].startswith(SHARED), found


def flat(mark: str) -> str:
    """Return the pattern without inline flags, which are permitted only at its start."""
    return mark.replace("(?m)", "")


def test_compose_mounts_the_shared_one() -> None:
    """Compose mounts each server's configuration from the shared folders."""
    wanted = {
        "nginx": "./stack/config/nginx/nginx.conf.template",
        "mongo": "./stack/config/mongo/mongod.conf",
        "mongo-2": "./stack/config/mongo/mongod.conf",
        "mongo-3": "./stack/config/mongo/mongod.conf",
        "redis": "./stack/config/redis/redis.conf",
        "prometheus": "./stack/config/prometheus/prometheus.yml",
        "collector": "./stack/config/collector/collector.yaml",
        "jaeger": "./stack/config/jaeger/jaeger.yaml",
        "loki": "./stack/config/loki/loki.yaml",
        "alertmanager": "./alerts/alertmanager.yml",
        "grafana": "./grafana/provisioning",
    }
    for name, source in wanted.items():
        assert source in [mounted for mounted, _, _ in bind_mounts(SERVICES[name])], name
    assert "./alerts/rules" in [mounted for mounted, _, _ in bind_mounts(SERVICES["prometheus"])]
    assert "./alerts/templates" in [mounted for mounted, _, _ in bind_mounts(SERVICES["alertmanager"])]


def test_flags_that_are_no_configuration_agree() -> None:
    """Command-line flags that are not in a configuration file, such as feature gates, are the same in both runtimes."""
    native = "".join((ROOT / "stack" / name).read_text() for name in ("servers.py", "logservers.py"))
    for name, flag in (
        ("collector", "--feature-gates=stanza.synchronousLogEmitter"),
        ("prometheus", "--enable-feature=exemplar-storage"),
        ("alertmanager", "--cluster.listen-address="),
        ("loki", "-config.expand-env=true"),
    ):
        assert flag in SERVICES[name]["command"], name
        assert f'"{flag}"' in native, name


def test_exporters_measure_the_same() -> None:
    """The node exporter has the same collectors in both runtimes, and each exporter's timeout is below the scrape's."""
    flags = [f"--collector.{name}" for name in ("disable-defaults", *exporters.NODE_COLLECTORS)]
    assert SERVICES["node-exporter"]["command"] == flags
    assert f"--connection-timeout={exporters.PATIENCE}" in SERVICES["redis-exporter"]["command"]
    assert f"--nginx.timeout={exporters.PATIENCE}" in SERVICES["nginx-exporter"]["command"]


def test_versions_that_are_built_are_the_versions_that_are_pulled() -> None:
    """Jaeger, Collector and Alertmanager have the same version natively and in containers.

    Loki is pulled and never built.
    """
    modules = yaml.safe_load((ROOT / "stack" / "modules" / "modules.yaml").read_text())["modules"]
    built = {module["name"]: str(module["version"]) for module in modules}
    assert "loki" not in built
    for name in ("jaeger", "collector", "alertmanager"):
        assert VERSIONS[f"{name.upper()}_VERSION"].removeprefix("v") == built[name], name


def test_every_service_is_scraped() -> None:
    """Target discovery lists each service that has metrics, and no other service."""
    import json

    listed = json.loads((ROOT / "deploy" / "compose" / "target_discovery" / "services.json").read_text())
    named = {entry["name"] for entry in listed}
    assert named <= set(SERVICES)
    with_metrics = (
        {
            name
            for name, service in SERVICES.items()
            if "OBSERVABILITY_METRICS_PORT" in (service.get("environment") or {})
        }
        | {"prometheus", "alertmanager", "loki", "jaeger", "collector"}
        | EXPORTERS
    )
    assert named == with_metrics
    for entry in listed:
        assert entry.get("optional", False) == ("profiles" in SERVICES[entry["name"]]), entry["name"]
