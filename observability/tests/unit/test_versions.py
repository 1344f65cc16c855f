"""Versions of packages that are not supported are refused with the command that installs a supported one."""

from __future__ import annotations

import importlib
import importlib.metadata
import re
import runpy

import pytest

from glasshouse_observability.versions import SUPPORTED, UnsupportedVersion, numbers, require

NAME = "glasshouse-observability"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the installed distributions and their versions, which a test may change."""
    versions: dict[str, str] = {}

    def version(name: str) -> str:
        if name not in versions:
            raise importlib.metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(importlib.metadata, "version", version)
    return versions


@pytest.mark.parametrize(
    "version", ["1.15", "1.15.0", "1.15.1", "2.6", "3.0.0rc1", "3.99.1", "3.0.post1", "2.0+local", "1!2.0.dev1"]
)
def test_a_version_of_the_range_is_accepted(installed: dict[str, str], version: str) -> None:
    """Versions from the lower bound up to the upper bound are accepted, also pre-releases and local versions."""
    installed["rq"] = version
    assert require("rq", "1.15", "4", "rq") == version


@pytest.mark.parametrize("version", ["1.14.9", "0.13", "4", "4.0.0", "4.0.0rc1", "10.1"])
def test_another_version_is_refused_with_the_remedy(installed: dict[str, str], version: str) -> None:
    """The error has the installed version, the supported range, and the command to run."""
    installed["rq"] = version
    with pytest.raises(UnsupportedVersion) as refused:
        require("rq", "1.15", "4", "rq")
    assert str(refused.value) == (
        f"rq {version} is installed, but glasshouse-observability supports rq from 1.15 up to, but not including, 4: "
        "run pip install 'rq>=1.15,<4'"
    )


PACKAGES = [(extra, *package) for extra, packages in SUPPORTED.items() for package in packages]


def supported() -> dict[str, str]:
    """Return every package in its oldest supported version."""
    return {distribution: oldest for _, distribution, oldest, _ in PACKAGES}


@pytest.mark.parametrize(("extra", "distribution", "oldest", "below"), PACKAGES)
def test_each_integration_refuses_other_versions(
    installed: dict[str, str], extra: str, distribution: str, oldest: str, below: str
) -> None:
    """With a package that is too old, too new or missing, the import of an integration fails with the remedy."""
    for version in ("0.1", below, f"{below}.1"):
        installed.update(supported() | {distribution: version})
        with pytest.raises(UnsupportedVersion, match=re.escape(f"run pip install '{distribution}>={oldest},<{below}'")):
            imported_again(extra)
    del installed[distribution]
    remedy = f"{distribution} is not installed: run pip install 'glasshouse-observability[{extra}]'"
    with pytest.raises(UnsupportedVersion, match=re.escape(remedy)):
        imported_again(extra)
    installed[distribution] = oldest
    imported_again(extra)


def imported_again(extra: str) -> None:
    """Run the package of an integration again, as its first import does; other modules keep their objects."""
    package = importlib.import_module(f"glasshouse_observability.{extra}")
    assert package.__file__
    runpy.run_path(package.__file__)


def test_the_metadata_has_the_same_ranges() -> None:
    """pip and the integrations accept the same versions."""
    declared = {line.replace(" ", "").replace('"', "'") for line in importlib.metadata.requires(NAME) or ()}
    for extra, distribution, oldest, below in PACKAGES:
        if distribution != "werkzeug":  # (a requirement of Flask)
            found = [line for line in declared if line.startswith(f"{distribution}") and f"extra=='{extra}'" in line]
            assert any(f">={oldest}" in line and f"<{below}" in line for line in found), (extra, distribution, declared)


def test_the_numbers_of_a_version_are_compared_as_numbers() -> None:
    """Version 10 is newer than 9, and trailing zeros are not significant."""
    assert numbers("9.1") < numbers("10") == numbers("10.0.0") < numbers("10.0.1")
