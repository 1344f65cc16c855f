"""The choice of the log store, and the address of it that other components get."""

from __future__ import annotations

import io
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from stack import instance as instances
from stack import logservers, logstore, programs, render, settings
from stack.errors import ProgramMissing, SettingError
from stack.instance import Instance, make_state_dir
from stack.inventory import all_components
from stack.logstore import LogStore
from stack.say import Say
from stack.up import begin_builds

ELSEWHERE = LogStore("given", "https://logs.example:8443/loki")


@pytest.fixture
def path_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that is first on the PATH; cached lookups are cleared."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/bin")
    monkeypatch.setattr(programs, "SYSTEM_FOLDERS", ())
    programs.from_path.cache_clear()
    return folder


def put_loki(folder: Path, version: str) -> None:
    """Create a program that answers `--version` as Loki does."""
    program = folder / "loki"
    program.write_text(f"#!/bin/sh\necho 'loki, version {version} (branch: HEAD, revision: abc)'\n")
    program.chmod(0o755)


def names(instance: Instance) -> set[str]:
    """Return the names of the instance's components."""
    return {component.name for component in all_components(instance)}


def test_victorialogs_is_used_where_there_is_no_loki(path_folder: Path) -> None:
    """VictoriaLogs is used if nothing is set and no Loki is on the PATH."""
    assert logstore.choose(settings.read({})) == LogStore("victorialogs")


@pytest.mark.parametrize(("version", "kind"), [("3.4.0", "loki"), ("3.7.8", "loki"), ("3.3.9", "victorialogs")])
def test_a_loki_on_the_path_is_used_if_it_is_new_enough(path_folder: Path, version: str, kind: str) -> None:
    """A Loki on the PATH is used from version 3.4, the oldest that our configuration supports."""
    put_loki(path_folder, version)
    assert logstore.choose(settings.read({})).kind == kind


def test_a_store_can_be_forced(path_folder: Path) -> None:
    """``LOG_STORE`` can require VictoriaLogs even if there is a Loki, and Loki only if there is one."""
    with pytest.raises(ProgramMissing, match=r"LOG_STORE=loki requires Loki 3\.4 or newer"):
        logstore.choose(settings.read({"LOG_STORE": "loki"}))
    put_loki(path_folder, "3.7.8")
    programs.from_path.cache_clear()
    assert logstore.choose(settings.read({"LOG_STORE": "victorialogs"})) == LogStore("victorialogs")


def test_a_given_loki_comes_before_one_on_the_path(path_folder: Path) -> None:
    """``LOKI_URL`` takes precedence over a Loki on the PATH, and its trailing slash is removed."""
    put_loki(path_folder, "3.7.8")
    assert logstore.choose(settings.read({"LOKI_URL": "http://logs.example:3100/"})) == LogStore(
        "given", "http://logs.example:3100"
    )


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"LOKI_URL": "logs.example:3100"}, "LOKI_URL is .*: it must be a URL that begins with http"),
        ({"LOKI_URL": "ftp://logs.example"}, "LOKI_URL is 'ftp:"),
        ({"LOKI_URL": "http://logs.example:99999"}, "LOKI_URL is 'http://logs.example:99999'"),
        ({"LOKI_URL": "http://user:secret@logs.example"}, "without user and password"),
        ({"LOKI_URL": "http://logs.example", "LOG_STORE": "loki"}, "LOG_STORE is 'loki': .*unset if LOKI_URL is set"),
        ({"LOG_STORE": "elastic"}, "LOG_STORE is 'elastic': .*victorialogs, loki"),
        ({"LOG_RETENTION": "12h"}, "LOG_RETENTION is '12h': .*3d, 2w, 1y"),
        ({"LOG_RETENTION_BYTES": "10"}, "LOG_RETENTION_BYTES is '10': .*500MB"),
    ],
)
def test_a_wrong_setting_is_named(environ: dict[str, str], named: str) -> None:
    """The error for an invalid setting contains the value and the allowed values."""
    with pytest.raises(SettingError, match=named):
        settings.read(environ)


def test_each_store_has_its_components(instance: Instance) -> None:
    """Each choice has its components: VictoriaLogs and the gateway, Loki alone, or none."""
    assert {"victorialogs", "log-gateway"} <= names(instance)
    assert "loki" not in names(instance)
    with_loki = names(replace(instance, log_store=LogStore("loki")))
    assert "loki" in with_loki
    assert not {"victorialogs", "log-gateway"} & with_loki
    assert not {"victorialogs", "log-gateway", "loki"} & names(replace(instance, log_store=ELSEWHERE))


def test_everybody_gets_the_address_of_the_store(instance: Instance) -> None:
    """Our processes, Grafana and the Collector get the store's address.

    It is the local port `loki` or the given address.
    """
    for one, url in ((instance, "http://127.0.0.1:3200"), (replace(instance, log_store=ELSEWHERE), ELSEWHERE.url)):
        given = {component.name: component.environment for component in all_components(one)}
        assert given["console"]["LOKI_URL"] == url
        assert given["collector"]["LOGS_ENDPOINT"] == f"{url}/otlp/v1/logs"


def test_the_store_listens_here_and_keeps_what_the_settings_say(instance: Instance) -> None:
    """The store listens on loopback and applies the settings for retention by time and size.

    An accepted line is on disk after one second.
    """
    wanted = replace(instance, settings=replace(instance.settings, log_retention="2w", log_retention_bytes="5GB"))
    arguments = logservers.victorialogs(wanted).arguments
    assert "-httpListenAddr=127.0.0.1:9528" in arguments
    assert "-retentionPeriod=2w" in arguments
    assert "-retention.maxDiskSpaceUsageBytes=5GB" in arguments
    assert "-inmemoryDataFlushInterval=1s" in arguments
    assert logservers.loki(wanted).environment["LOG_RETENTION"] == "2w"


def test_the_gateway_is_one_of_our_own_processes(instance: Instance) -> None:
    """The gateway is one of our processes: the Collector reads its log, and Prometheus scrapes it.

    It is started together with its store.
    """
    gateway = logservers.log_gateway(instance)
    expected = {
        "HOST": "127.0.0.1",
        "PORT": "3200",
        "OBSERVABILITY_METRICS_PORT": "9212",
        "VICTORIALOGS_URL": "http://127.0.0.1:9528",
        "OTEL_SERVICE_NAME": "log-gateway",
    }
    assert expected.items() <= gateway.environment.items()
    assert gateway.scrape == {"log-gateway": "log-gateway-metrics"}
    assert render.log_file(instance.paths, gateway).parent == instance.paths.json_logs
    assert gateway.joins_with == "victorialogs"


def test_later_commands_find_the_same_store(instance: Instance, path_folder: Path) -> None:
    """`make follow` in a shell without LOKI_URL queries the Loki that `make up` was given."""
    make_state_dir(instance.paths)
    instances.write_record(replace(instance, log_store=ELSEWHERE), [])
    assert instances.attach(settings.Settings(instance.paths)).loki_url == ELSEWHERE.url
    # A value that a process inherits from its instance must not be mistaken for another store.
    instances.write_record(instance, [])
    inherited = settings.Settings(instance.paths, loki_url="http://127.0.0.1:3200")
    assert instances.attach(inherited).log_store == LogStore("victorialogs")


def test_prometheus_scrapes_a_loki_that_runs_elsewhere(instance: Instance) -> None:
    """Prometheus scrapes a Loki elsewhere with its scheme, port and path, until it is no longer given."""
    render.given_log_store(replace(instance, log_store=ELSEWHERE))
    written = instance.paths.run / "prometheus" / "targets" / "loki.json"
    assert json.loads(written.read_text()) == [
        {
            "targets": ["logs.example:8443"],
            "labels": {
                "job": "loki",
                "instance": "logs.example:8443",
                "__scheme__": "https",
                "__metrics_path__": "/loki/metrics",
            },
        }
    ]
    render.left(instance.paths, {"prometheus"})
    assert not written.exists()


def test_a_process_of_ours_that_waits_for_its_server_is_not_built(instance: Instance) -> None:
    """A project process that waits for its server is not built.

    The gateway waits for VictoriaLogs, and its own program is Python.
    """
    gateways = [component for component in all_components(instance) if component.joins_with]
    assert [component.name for component in gateways] == ["log-gateway"]
    builds = begin_builds(instance, gateways, Say(io.StringIO()))
    assert list(builds.finished()) == []
    note = json.loads(instance.paths.joining_file.read_text())
    assert set(note["components"]) == {"log-gateway"}
