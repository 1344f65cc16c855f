"""The shop's faults in containers: those that a process can inject into itself, through one shared file."""

from __future__ import annotations

from pathlib import PurePosixPath

from faults.wiring import faults_from_env
from tests.unit.compose.files import COMPOSE, ROOT, SERVICES

BREAKABLE = {"api", "payments", "worker"}
FOLDER = "/var/lib/glasshouse/faults"
SETTING = "${FAULTS_FILE-" + FOLDER + "/flags.json}"


def test_the_processes_that_bite_share_the_flag_file() -> None:
    """The processes that inject faults use the same flag file, on a volume that only they mount and their user owns."""
    configured = {name for name, service in SERVICES.items() if "FAULTS_FILE" in (service.get("environment") or {})}
    mounted = {name for name, service in SERVICES.items() if f"faults:{FOLDER}" in service.get("volumes", [])}
    assert configured == BREAKABLE
    assert mounted == BREAKABLE | {"prepare"}
    assert {SERVICES[name]["environment"]["FAULTS_FILE"] for name in BREAKABLE} == {SETTING}
    assert PurePosixPath(SETTING[:-1].partition("-")[2]).parent == PurePosixPath(FOLDER)
    assert "faults" in COMPOSE["volumes"]
    assert f" {FOLDER} " in (ROOT / "Dockerfile").read_text()


def test_an_empty_setting_takes_them_out() -> None:
    """An empty setting disables fault injection; Compose passes it on because it uses `-` and not `:-`."""
    assert ":-" not in SETTING
    assert faults_from_env("api", "api-1", {"FAULTS_FILE": ""}) is None


def test_there_is_no_agent() -> None:
    """No fault agent runs in containers, because a container cannot kill a process of another one.

    The faults of the agent are reported as not available.
    """
    assert not any("FAULTS_AGENT" in (service.get("environment") or {}) for service in SERVICES.values())
