"""Files that are rendered for one instance, and supervisord's configuration."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from supervisor.datatypes import dict_of_key_value_pairs

from stack import render, servers, supervisorconf
from stack.instance import Instance, make_state_dir
from stack.inventory import all_components
from stack.logstore import LogStore
from stack.port_numbers import DEFAULT_PORTS


def test_only_the_given_names_are_replaced() -> None:
    """Only the given variables are replaced, as with the official image's envsubst; NGINX's own variables stay."""
    text = "listen ${NGINX_LISTEN}; set $x ${host}; $NGINX_LISTEN"
    assert render.envsubst(text, {"NGINX_LISTEN": "8000"}) == "listen 8000; set $x ${host}; $NGINX_LISTEN"


def test_nginx_conf_is_rendered_whole(instance: Instance) -> None:
    """nginx.conf contains both replicas with the ports of this instance and no unreplaced variable."""
    render.nginx(instance)
    text = (instance.paths.run / "nginx.conf").read_text()
    directives = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    assert "${" not in directives
    assert "listen 127.0.0.1:8100 " in text
    assert "server 127.0.0.1:8101 max_fails" in text
    assert "server 127.0.0.1:8102 max_fails" in text


def test_prometheus_gets_a_component_that_joins(instance: Instance) -> None:
    """A component that joins gets one target file, with job and instance as labels."""
    render.joined(instance, servers.collector(instance))
    written = instance.paths.run / "prometheus" / "targets" / "collector.json"
    assert json.loads(written.read_text()) == [
        {"targets": ["127.0.0.1:8988"], "labels": {"job": "collector", "instance": "collector"}},
        {"targets": ["127.0.0.1:8989"], "labels": {"job": "spans", "instance": "collector"}},
    ]


def test_prometheus_gets_alertmanager_when_it_joins(instance: Instance) -> None:
    """Prometheus gets Alertmanager's address when Alertmanager joins.

    Before that it would log an error at every evaluation.
    """
    render.joined(instance, servers.alertmanager(instance))
    written = instance.paths.run / "prometheus" / "alertmanagers" / "alertmanager.json"
    assert json.loads(written.read_text()) == [{"targets": ["127.0.0.1:9193"]}]


def test_alertmanager_is_given_this_instances_addresses(
    instance: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alertmanager's configuration contains the addresses of this instance.

    It supports no variables: the mail server's address is replaced, and the webhook's is in a separate file.
    """
    monkeypatch.setattr(render, "ALERTS", tmp_path)
    (tmp_path / "alertmanager.yml").write_text("smtp_smarthost: console:1025\n")
    folder = instance.paths.run / "alertmanager"
    render.alertmanager(instance, folder)
    assert (folder / "alertmanager.yml").read_text() == "smtp_smarthost: 127.0.0.1:1125\n"
    assert (folder / "webhook_url").read_text() == "http://127.0.0.1:8180/api/alerts/webhook\n"
    assert (folder / "templates").readlink() == tmp_path / "templates"
    assert (folder / "addresses.tmpl").read_text() == '{{ define "console.url" }}http://127.0.0.1:8180{{ end }}\n'


def test_receivers_are_switched_on_by_their_secrets(instance: Instance) -> None:
    """Slack is in Alertmanager's configuration only if the instance has its secret."""
    folder = instance.paths.run / "alertmanager"
    render.alertmanager(instance, folder)
    assert "slack_configs" not in (folder / "alertmanager.yml").read_text()
    instance.paths.secrets.mkdir(parents=True)
    (instance.paths.secrets / "slack_url").write_text("https://hooks.slack.example/services/T/B/X")
    render.alertmanager(instance, folder)
    assert "slack_configs" in (folder / "alertmanager.yml").read_text()
    assert (folder / "secrets" / "slack_url").is_file()


def test_links_in_notifications_lead_to_this_instance(instance: Instance) -> None:
    """Prometheus and Alertmanager get the address at which a browser reaches them."""
    for name, port in (("prometheus", 9190), ("alertmanager", 9193)):
        component = getattr(servers, name)(instance)
        assert f"--web.external-url=http://127.0.0.1:{port}/" in component.arguments


def test_rendering_again_replaces_links(tmp_path: Path) -> None:
    """Rendering again replaces the links of an earlier `up`."""
    for target in ("one", "two"):
        render.link(tmp_path / "link", tmp_path / target)
    assert (tmp_path / "link").readlink() == tmp_path / "two"


def test_an_environment_survives_the_supervisors_parser() -> None:
    """supervisord parses every environment value unchanged.

    The values include commas, spaces, per cent signs and an empty one.
    """
    meant = {"A": "mongodb://127.0.0.1:1/?a=b&c=d", "B": "one, two", "C": "", "D": "100%", "E": "with space"}
    line = supervisorconf.environment_line(meant)
    # supervisord expands %(name)s before it parses the pairs.
    assert dict_of_key_value_pairs(line % {}) == meant


def test_a_command_survives_the_supervisors_parser() -> None:
    """supervisord parses arguments with spaces and per cent signs unchanged."""
    line = supervisorconf.command_line(Path("/opt/my nginx"), ("-g", "master_process off;", "50%"))
    assert shlex.split(line % {}) == ["/opt/my nginx", "-g", "master_process off;", "50%"]


def test_no_stray_variables_reach_the_processes(instance: Instance) -> None:
    """OTEL_*, FLASK_* and GUNICORN_* variables and proxies of the user's shell do not reach the processes."""
    shell = {"PATH": "/bin", "HOME": "/h", "OTEL_SDK_DISABLED": "true", "GUNICORN_CMD_ARGS": "-w 9", "HTTP_PROXY": "x"}
    given = supervisorconf.base_environment(instance, shell)
    assert set(given) == {"PATH", "HOME", "GLASSHOUSE_INSTANCE"}
    assert given["GLASSHOUSE_INSTANCE"] == str(instance.paths.state)


def test_our_processes_get_the_settings_they_are_promised(instance: Instance) -> None:
    """The second replica gets its own name and ports, and all components' addresses with the port offset."""
    api = next(component for component in all_components(instance) if component.name == "api-2")
    expected = {
        "OTEL_SERVICE_NAME": "api",
        "OBSERVABILITY_INSTANCE": "api-2",
        "OBSERVABILITY_VERSION": "1.2.3",
        "PORT": "8102",
        "OBSERVABILITY_METRICS_PORT": "9202",
        "MONGO_URL": "mongodb://127.0.0.1:27117/?directConnection=true",
        "REDIS_URL": "redis://127.0.0.1:6479/0",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4418",
        "SMTP_URL": "smtp://127.0.0.1:1125",
    }
    assert expected.items() <= api.environment.items()


def test_every_port_has_a_component(instance: Instance) -> None:
    """Every port in the table belongs to exactly one component, so that all are checked before anything starts."""
    stores = [instance, replace(instance, log_store=LogStore("loki"))]
    owned = [[port for component in all_components(one) for port in component.ports] for one in stores]
    assert all(len(ports) == len(set(ports)) for ports in owned)
    assert {*owned[0], *owned[1], "grafana"} == set(DEFAULT_PORTS)


def test_traffic_is_left_out_when_it_is_not_wanted(instance: Instance) -> None:
    """TRAFFIC=0 leaves out the traffic generator."""
    quiet = replace(instance, settings=replace(instance.settings, traffic=False))
    assert "traffic" in {component.name for component in all_components(instance)}
    assert "traffic" not in {component.name for component in all_components(quiet)}


def test_json_logs_go_where_the_collector_reads(instance: Instance) -> None:
    """Logs of our processes and NGINX are in the folder that the Collector reads, third-party logs in its parent."""
    make_state_dir(instance.paths)
    files = {component.name: render.log_file(instance.paths, component) for component in all_components(instance)}
    assert files["api-1"] == instance.paths.state / "logs" / "json" / "api-1.log"
    assert files["nginx"].parent.name == "json"
    assert files["mongo"] == instance.paths.state / "logs" / "mongo.log"
