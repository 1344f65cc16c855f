"""The generated passwords are readable only by their services, work, and are kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from deploy.compose.passwords.catalogue import ALL
from tests.compose.composed import Composed
from tests.compose.readers import READERS

SHOW_ALL = """
import pathlib
for file in sorted(pathlib.Path("/run/secrets").glob("*/*")):
    is_ = file.stat()
    print(file.parent.name, file.name, oct(is_.st_mode & 0o777), is_.st_uid, is_.st_gid, file.read_text().strip())
"""


@pytest.fixture(scope="module")
def files(stack: Composed) -> list[list[str]]:
    """Folder, name, mode, user, group and content of every file in the service `passwords`."""
    command = ("run", "--rm", "--entrypoint", "python", "passwords", "-c", SHOW_ALL)
    return [line.split(" ", 5) for line in stack.compose(*command).splitlines()]


@pytest.fixture(scope="module")
def inspected(stack: Composed) -> dict[str, dict[str, Any]]:
    """The result of `docker inspect` for one container of each service."""
    found = json.loads(stack.engine.docker("inspect", *(row["ID"] for row in stack.containers())))
    return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in found}


def test_no_user_but_the_readers_can_read_the_files(files: list[list[str]]) -> None:
    """The files belong to user and group 10001, are read-only for both, and unreadable for other users."""
    assert {folder for folder, *_ in files} == {password.folder for password in ALL}
    assert {tuple(file[2:5]) for file in files} == {("0o440", "10001", "10001")}


def test_each_password_is_in_the_containers_that_need_it(inspected: dict[str, dict[str, Any]]) -> None:
    """Each password is mounted only in the containers that require it, read-only except where it is written."""
    for folder, readers in READERS.items():
        mounts = {
            service: mount
            for service, one in inspected.items()
            for mount in one["Mounts"]
            if mount["Destination"].startswith(f"/run/secrets/{folder}")
        }
        assert set(mounts) == (readers & set(inspected)) | {"passwords"}, folder
        assert {service for service, mount in mounts.items() if mount["RW"]} == {"passwords"}
    assert not any(
        mount["Destination"] in ("/run", "/run/secrets") for one in inspected.values() for mount in one["Mounts"]
    )


def test_docker_inspect_shows_no_password(inspected: dict[str, dict[str, Any]], files: list[list[str]]) -> None:
    """No environment, argument or label of a container contains a password."""
    values = {content for _, name, *_, content in files if name == "value"}
    assert len(values) == len(ALL)
    for service, one in inspected.items():
        text = json.dumps(one)
        assert not [value for value in values if value in text], service


def test_no_process_has_a_password_in_its_arguments(stack: Composed, files: list[list[str]]) -> None:
    """No process has a password in its arguments, which every user of the machine can read."""
    values = {content for _, name, *_, content in files if name == "value"}
    for row in stack.containers():
        if row["State"] == "running":
            listed = stack.engine.docker("top", row["ID"], "-o", "pid,args")
            assert not [value for value in values if value in listed], row["Name"]


def test_the_shown_password_of_grafana_signs_in(stack: Composed) -> None:
    """The shown password signs in to Grafana, and a common default password does not."""
    url = f"{stack.url('grafana')}/api/org"
    assert requests.get(url, auth=("admin", stack.password("grafana")), timeout=10).status_code == 200
    assert requests.get(url, auth=("admin", "admin"), timeout=10).status_code == 401


def test_the_shown_password_of_the_shops_admin_signs_in(stack: Composed) -> None:
    """The shown password signs in to the shop with an admin's permissions."""
    body = {"email": "admin@glasshouse.example", "password": stack.password("shop-admin")}
    answer = stack.api("POST", "/api/v1/auth/login", json=body)
    assert answer.status_code == 200, answer.text
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert stack.api("GET", "/api/v1/admin/faults", headers=headers).status_code == 200
    assert stack.api("GET", "/api/v1/admin/faults").status_code == 401


def test_a_second_up_keeps_the_passwords(stack: Composed, files: list[list[str]]) -> None:
    """A second `up` changes no password and recreates no container."""
    before = {row["ID"] for row in stack.containers()}
    stack.up()
    command = ("run", "--rm", "--entrypoint", "python", "passwords", "-c", SHOW_ALL)
    assert [line.split(" ", 5) for line in stack.compose(*command).splitlines()] == files
    assert {row["ID"] for row in stack.containers()} == before
    assert "every password is unchanged" in stack.compose("logs", "passwords")
