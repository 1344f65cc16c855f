"""The service `passwords` generates each password once and stores it where its readers look."""

from __future__ import annotations

import fcntl
import json
import os
import re
import resource
import threading
from pathlib import Path

import pytest

from app.settings import SHORTEST_SECRET
from deploy.compose.passwords.__main__ import LOCKED, generate, main
from deploy.compose.passwords.catalogue import ALL, VALUE
from glasshouse_observability.client_urls import check_mongo, check_redis
from shop.config import Settings
from tests.compose.readers import READERS
from tests.unit.compose.files import ROOT, SERVICES, needed

WEIRD = 'we"ird \\ p@s/s#%:$x'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The mount points of the volumes, empty."""
    for password in ALL:
        (tmp_path / password.folder).mkdir()
    return tmp_path


def values(folder: Path) -> dict[str, str]:
    """Every stored password."""
    return {password.folder: (folder / password.folder / VALUE).read_text() for password in ALL}


def test_every_password_is_generated(folder: Path) -> None:
    """Each is long, random and different; its files can be read by owner and group and written by no user."""
    assert generate(folder, {}) == f"generated {', '.join(one.folder for one in ALL)}"
    assert all(re.fullmatch("[0-9a-f]{48}", value) for value in values(folder).values())
    assert len(set(values(folder).values())) == len(ALL)
    assert {file.stat().st_mode & 0o777 for file in folder.glob("*/*")} == {0o440}
    assert sorted(file.name for file in (folder / "redis").iterdir()) == ["exporter.json", "redis.conf", "url", "value"]


def test_a_later_start_keeps_them(folder: Path) -> None:
    """A second run changes no file; a password that was lost is generated again, alone."""
    generate(folder, {})
    before = values(folder)
    inodes = {file: file.stat().st_ino for file in folder.glob("*/*")}
    assert generate(folder, {}) == "every password is unchanged"
    assert {file: file.stat().st_ino for file in folder.glob("*/*")} == inodes
    (folder / "jwt" / VALUE).unlink()
    assert generate(folder, {}) == "generated jwt"
    after = values(folder)
    assert after.pop("jwt") != before.pop("jwt")
    assert after == before


def test_a_chosen_password_takes_precedence(folder: Path) -> None:
    """A value in the environment replaces the stored one, also in derived files; an empty one does not."""
    generate(folder, {})
    before = values(folder)
    said = generate(folder, {"REDIS_PASSWORD": WEIRD, "MONGO_SHOP_PASSWORD": WEIRD, "JWT_SECRET": ""})
    assert said.startswith("took mongo-shop, redis from .env.secrets (")
    assert WEIRD not in said
    assert values(folder) == {**before, "redis": WEIRD, "mongo-shop": WEIRD}
    assert generate(folder, {"REDIS_PASSWORD": WEIRD}) == "every password is unchanged"


@pytest.mark.parametrize("chosen", ["", WEIRD])
def test_the_derived_files_are_what_their_readers_accept(folder: Path, chosen: str) -> None:
    """The drivers parse the URLs, Redis parses its quoted line, and its exporter parses the JSON."""
    generate(folder, {"REDIS_PASSWORD": chosen, "MONGO_SHOP_PASSWORD": chosen, "MONGO_PAYMENTS_PASSWORD": chosen})
    password = values(folder)["redis"]
    check_redis((folder / "redis" / "url").read_text())
    check_mongo((folder / "mongo-shop" / "url").read_text())
    check_mongo((folder / "mongo-payments" / "url").read_text())
    found = Settings.from_env(
        {"MONGO_URL_FILE": str(folder / "mongo-shop" / "url"), "REDIS_URL_FILE": str(folder / "redis" / "url")}
    )
    assert found.redis_url.endswith("@redis:6379/0")
    assert json.loads((folder / "redis" / "exporter.json").read_text()) == {"redis://redis:6379": password}
    quoted = (folder / "redis" / "redis.conf").read_text().removeprefix("requirepass ").strip()
    assert json.loads(quoted) == password  # Redis escapes a quote and a backslash as JSON does


def test_a_chosen_password_that_is_too_short_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The variable is named, its value is not shown, and nothing is stored."""
    env = {"JWT_SECRET": "s3cr3t", "SHOP_ADMIN_PASSWORD": "s3cr3t", "MONGO_KEY": "s3cr"}
    assert main(["generate"], env, folder) == 78
    said = capsys.readouterr().err
    assert "JWT_SECRET is ***: it must be a secret of at least 32 characters" in said
    assert "SHOP_ADMIN_PASSWORD is ***" in said
    assert "MONGO_KEY is ***: it must be a secret of at least 6 characters" in said
    assert "s3cr" not in said
    assert list(folder.glob("*/*")) == []


def test_the_shortest_token_secret_is_that_of_the_api() -> None:
    """`passwords` accepts no secret that the API would refuse at its start."""
    assert {one.shortest for one in ALL if one.folder == "jwt"} == {SHORTEST_SECRET}


def test_show_prints_one_password(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output contains the password only, for use in a pipe."""
    generate(folder, {})
    assert main(["show", "grafana"], {}, folder) == 0
    assert capsys.readouterr() == (f"{values(folder)['grafana']}\n", "")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (
            ["show", "grafana"],
            1,
            "passwords: grafana has no password yet: start the stack with `docker compose up` first",
        ),
        (["show", "nope"], 1, "passwords: there is no password 'nope': choose one of grafana, shop-admin, jwt, "),
        (["show"], 2, "usage: passwords generate | show NAME"),
        ([], 2, "usage: passwords generate | show NAME"),
    ],
)
def test_a_password_that_cannot_be_shown(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, said: str
) -> None:
    """The message contains the remedy."""
    assert main(arguments, {}, folder) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(said)


def test_a_volume_that_cannot_be_written_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error names the file and contains the remedy."""
    (folder / "redis").rmdir()
    assert main(["generate"], {}, folder) == 1
    said = capsys.readouterr().err
    assert f"cannot write {folder}/redis/value: No such file or directory" in said
    assert "volume secret-redis, run `docker compose down`, remove it with `docker volume rm`" in said


@pytest.mark.parametrize("arguments", [["generate"], ["show", "redis"]])
def test_a_password_that_cannot_be_read_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """It is not generated again, and there is no traceback."""
    (folder / "redis" / VALUE).mkdir()
    assert main(arguments, {}, folder) == 1
    assert f"passwords: cannot read {folder}/redis/value: Is a directory" in capsys.readouterr().err


def test_a_full_disk_leaves_no_part_of_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error names the file, nothing else is left, and the next start generates the passwords."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        status = main(["generate"], {}, folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert status == 1
    assert f"cannot write {folder}/grafana/value: File too large" in capsys.readouterr().err
    assert list(folder.glob("*/*")) == []
    assert main(["generate"], {}, folder) == 0


def test_the_remains_of_a_killed_run_are_removed(folder: Path) -> None:
    """Every volume contains only the files of its password afterwards."""
    generate(folder, {})
    names = sorted(folder.glob("*/*"))
    (folder / "jwt" / VALUE).rename(folder / "jwt" / f".{VALUE}.new")
    assert generate(folder, {}) == "generated jwt"
    assert sorted(folder.glob("*/*")) == names


def test_two_runs_at_once_do_not_mix_their_passwords(folder: Path) -> None:
    """The second run waits for the first one, and keeps its passwords."""
    descriptor = os.open(folder / LOCKED, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    said: list[str] = []
    second = threading.Thread(target=lambda: said.append(generate(folder, {})))
    second.start()
    second.join(0.5)
    waits = second.is_alive()
    (folder / "jwt" / VALUE).write_text("of the first run")
    os.close(descriptor)
    second.join(20)
    assert waits
    assert said[0].startswith("generated grafana, shop-admin, mongo-key, ")
    assert values(folder)["jwt"] == "of the first run"


def test_each_password_is_mounted_by_its_readers_only() -> None:
    """Each mount is read-only, except in `passwords`, which writes all of them."""
    assert set(READERS) == {password.folder for password in ALL}
    for folder, readers in READERS.items():
        mounts = {
            name: volume
            for name, service in SERVICES.items()
            for volume in service.get("volumes", [])
            if f"/run/secrets/{folder}" in volume.split(":")
        }
        assert mounts.pop("passwords") == f"secret-{folder}:/run/secrets/{folder}"
        assert mounts == dict.fromkeys(readers, f"secret-{folder}:/run/secrets/{folder}:ro")


def test_the_guide_lists_every_password() -> None:
    """The table in the guide has the name, the variable and the readers of each password."""
    guide = (ROOT / "docs" / "how-to" / "docker.md").read_text()
    rows = re.findall(r"^\| `([a-z-]+)` \| `([A-Z_]+)` \| (.+) \|$", guide, re.MULTILINE)
    stated = {name: (variable, set(re.findall(r"`([^`]+)`", readers))) for name, variable, readers in rows}
    assert stated == {one.folder: (one.variable, READERS[one.folder]) for one in ALL}


def test_only_one_shot_services_can_hold_the_lock() -> None:
    """A reader can lock the folder that it mounts, and a start would wait for as long as it runs."""
    assert READERS[LOCKED]
    assert all(SERVICES[name]["restart"] == "on-failure:3" for name in READERS[LOCKED])


def test_each_reader_is_in_the_group_of_the_files_and_waits_for_them() -> None:
    """Our image's user owns the files; every other user reads them as a member of the group 10001."""
    for name in set().union(*READERS.values()):
        service = SERVICES[name]
        assert service["user"] == "10001:10001" or service["group_add"] == ["10001"], name
        assert "passwords" in needed(name), name


def test_the_image_has_a_folder_for_each_volume() -> None:
    """A new volume takes its owner from it; git and the image do not get the passwords that a user has chosen."""
    folders = re.findall(r"for name in ([\w -]+); do", (ROOT / "Dockerfile").read_text())
    assert [set(one.split()) for one in folders] == [set(READERS)]
    assert ".env.secrets" in (ROOT / ".gitignore").read_text().splitlines()
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"
    names = re.findall(r"^(\w+)=", (ROOT / ".env").read_text(), re.MULTILINE)
    assert names
    assert all(name.endswith("_VERSION") for name in names)
