"""docker-compose.yml is valid under the Compose specification; no engine is needed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from importlib.metadata import distribution
from pathlib import Path

import jsonschema
import pytest
import yaml

from deploy.tracked import tracked
from tests.unit.compose.files import COMPOSE, ROOT, SERVICES, VERSIONS, bind_mounts, filled

# The schema of the Compose specification, from a package that contains it, in the version of requirements/dev.txt.
SCHEMA = json.loads(
    Path(
        str(distribution("check-jsonschema").locate_file("check_jsonschema/builtin_schemas/vendor/compose-spec.json"))
    ).read_text()
)


def test_it_follows_the_schema() -> None:
    """The file follows the schema, with extension fields (x-…) and merges resolved."""
    jsonschema.Draft202012Validator(SCHEMA).validate(COMPOSE)


def test_a_wrong_key_would_be_noticed() -> None:
    """An unknown key is detected, so the validation above can fail."""
    broken = {**COMPOSE, "services": {"api": {"imagee": "x"}}}
    assert list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(broken))


def test_every_file_that_is_mounted_is_in_the_repository() -> None:
    """Every mounted file is in the repository.

    Docker would create a folder in place of a missing file, and the server would start without its configuration.
    """
    mounted = {source for service in SERVICES.values() for source, _, _ in bind_mounts(service)}
    assert mounted
    assert sorted(source for source in mounted if not (ROOT / source).exists()) == []


def test_mounted_files_have_unix_line_endings_in_every_clone() -> None:
    """A script with CRLF does not start in a container; Git for Windows writes CRLF unless an attribute forbids it."""
    mounted = {source for service in SERVICES.values() for source, _, _ in bind_mounts(service)}
    files = tracked(*mounted)
    assert len(files) > len(mounted)
    done = subprocess.run(["git", "check-attr", "eol", *files], cwd=ROOT, capture_output=True, text=True, check=True)
    assert [line for line in done.stdout.splitlines() if not line.endswith(": eol: lf")] == []


def test_every_dependency_volume_and_network_is_declared() -> None:
    """Every dependency, volume and network that is used is declared, and every declared one is used."""
    volumes, networks = set(), set()
    for service in SERVICES.values():
        assert set(service.get("depends_on", {})) <= set(SERVICES)
        volumes |= {volume.split(":")[0] for volume in service.get("volumes", []) if not volume.startswith(".")}
        networks |= set(service.get("networks", []))
    assert volumes == set(COMPOSE["volumes"])
    assert networks == set(COMPOSE["networks"])


def test_every_variable_has_a_value_or_a_default() -> None:
    """A variable that is set nowhere would be an empty string without a message."""
    text = (ROOT / "docker-compose.yml").read_text().replace("$$", "")
    yaml.safe_load(filled(text, VERSIONS))
    with pytest.raises(KeyError):
        filled(text, {})


def compose_plugin() -> list[str] | None:
    """Return the `docker compose` command of this machine; the plugin suffices, because no engine is used."""
    if shutil.which("docker") and subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0:
        return ["docker", "compose"]
    from stack import modules

    built = modules.making("docker-compose").home / "docker-compose"
    return [str(built)] if built.exists() else None


@pytest.fixture
def compose() -> list[str]:
    found = compose_plugin()
    if found is None:
        pytest.skip("Docker Compose is not installed on this machine")
    return found


def test_compose_accepts_it_in_an_empty_environment(compose: list[str]) -> None:
    """`docker compose config --quiet`, every profile, with nothing but the repository's own files."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    command = [*compose, "--profile", "*", "config", "--quiet"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
