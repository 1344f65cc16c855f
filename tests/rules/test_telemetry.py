"""The configurations of the Collector, Jaeger and Loki are valid with Compose's and with the launcher's settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from stack.programs import PROGRAMS, locate
from tests.rules.files import CONFIG, Check

COLLECTOR = CONFIG / "collector" / "collector.yaml"
JAEGER = CONFIG / "jaeger" / "jaeger.yaml"
LOKI = CONFIG / "loki" / "loki.yaml"


def test_collector_configuration_is_valid(check: Check, tmp_path: Path) -> None:
    """The Collector accepts its configuration and has every component that it names."""
    gate = "--feature-gates=stanza.synchronousLogEmitter"
    check("otelcol", "validate", f"--config={COLLECTOR}", gate, env={"COLLECTOR_DATA": str(tmp_path)})


def test_collector_listens_on_the_configured_address(check: Check, tmp_path: Path) -> None:
    """An invalid port is rejected, which shows that settings reach the configuration."""
    env = {"COLLECTOR_DATA": str(tmp_path), "COLLECTOR_METRICS_PORT": "nonsense"}
    with pytest.raises(AssertionError, match="port"):
        check("otelcol", "validate", f"--config={COLLECTOR}", env=env)


def test_no_log_line_is_given_up() -> None:
    """Lines wait in a queue on disk with unlimited retries; when it is full, the files are not read."""
    config = yaml.safe_load(COLLECTOR.read_text())
    exporter = config["exporters"]["otlp_http/logs"]
    assert exporter["retry_on_failure"]["max_elapsed_time"] == "0s"
    assert exporter["sending_queue"]["storage"] == "file_storage"
    assert exporter["sending_queue"]["block_on_overflow"] is True
    assert config["receivers"]["file_log"]["storage"] == "file_storage"
    assert config["receivers"]["file_log"]["start_at"] == "beginning"


def test_jaeger_configuration_is_valid(check: Check) -> None:
    """Jaeger accepts its configuration."""
    check("jaeger", "validate", f"--config={JAEGER}")


def test_loki_configuration_is_valid(check: Check, tmp_path: Path) -> None:
    """Loki accepts its configuration, which Compose uses; skipped if Loki is not installed."""
    if locate(PROGRAMS["loki"]) is None:
        pytest.skip("Loki is not installed, and must not be built (AGPL): `make test-compose` tests the file")
    env = {"LOKI_HOST": "127.0.0.1", "LOKI_DATA": str(tmp_path)}
    check("loki", f"-config.file={LOKI}", "-config.expand-env=true", "-verify-config", env=env)


def test_loki_indexes_service_and_level_only() -> None:
    """Loki has exactly two index labels, because an id as a label would create a stream for each request."""
    otlp = yaml.safe_load(LOKI.read_text())["limits_config"]["otlp_config"]["resource_attributes"]
    assert otlp["ignore_defaults"] is True
    assert otlp["attributes_config"] == [{"action": "index_label", "attributes": ["service.name", "level"]}]


@pytest.mark.parametrize("file", [COLLECTOR, JAEGER, LOKI], ids=lambda file: file.stem)
def test_variables_are_documented(file: Path) -> None:
    """The header of each file lists exactly the variables that it reads, with their defaults."""
    text = file.read_text()
    documented = dict(re.findall(r"^#   ([A-Z][A-Z_]+) .*?(\S+)$", text, re.MULTILINE))
    read = set(re.findall(r"\$\{(?:env:)?([A-Z_]+):-([^}]*)\}", text))
    assert set(documented.items()) == read
