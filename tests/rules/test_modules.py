"""The Go modules of the servers that are built: modules.yaml agrees with their go.mod and go.sum."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.rules.files import MODULES

TABLE: list[dict[str, Any]] = yaml.safe_load((MODULES / "modules.yaml").read_text())["modules"]


@pytest.mark.parametrize("module", TABLE, ids=lambda module: module["name"])
def test_module_is_pinned(module: dict[str, Any]) -> None:
    """Each module has a go.mod and a go.sum, and its go.mod requires the Go version in the table."""
    go_mod = (MODULES / module["dir"] / "go.mod").read_text()
    assert re.search(rf"^go {re.escape(module['go'])}$", go_mod, re.MULTILINE)
    assert (MODULES / module["dir"] / "go.sum").read_text()


@pytest.mark.parametrize("module", TABLE, ids=lambda module: module["name"])
def test_packages_are_required(module: dict[str, Any]) -> None:
    """A package that is built belongs to the module itself or to one that go.mod requires and go.sum contains."""
    go_mod = (MODULES / module["dir"] / "go.mod").read_text()
    go_sum = (MODULES / module["dir"] / "go.sum").read_text()
    required = dict(re.findall(r"^(?:require )?\s*(\S+\.\S+/\S+) (v\S+)", go_mod, re.MULTILINE))
    for build in module["builds"]:
        package = build["package"]
        if package.startswith("./"):
            assert (MODULES / module["dir"] / package / "main.go").exists()
            continue
        owners = [name for name in required if package == name or package.startswith(f"{name}/")]
        assert owners, f"go.mod does not require {package}"
        owner = max(owners, key=len)
        if recipe := source(module, owner):
            assert recipe["version"] == required[owner]
            assert f"replace {owner} => ./{recipe['folder']}" in go_mod
            continue
        assert f"{owner} {required[owner]} h1:" in go_sum


def source(module: dict[str, Any], owner: str) -> dict[str, Any] | None:
    """Return the recipe that adapts the source of this dependency, if any."""
    if "source" not in module:
        return None
    recipe: dict[str, Any] = yaml.safe_load((MODULES / module["dir"] / module["source"]).read_text())
    return recipe if recipe["module"] == owner else None


@pytest.mark.parametrize("module", TABLE, ids=lambda module: module["name"])
def test_no_module_is_under_a_licence_that_many_may_not_use(module: dict[str, Any]) -> None:
    """No module builds or fetches Loki, Grafana, Tempo, Mimir, Pyroscope's server or k6, which are AGPL."""
    text = "".join((MODULES / module["dir"] / name).read_text() for name in ("go.mod", "go.sum"))
    assert re.findall(r"\S*grafana/(?:loki|grafana|tempo|mimir|pyroscope)(?![\w-])\S*|\S*go\.k6\.io\S*", text) == []


def test_collector_is_what_its_builder_file_says() -> None:
    """Every component of builder.yaml is in the generated go.mod, at the same version."""
    wanted = yaml.safe_load((MODULES / "telemetry" / "builder.yaml").read_text())
    go_mod = (MODULES / "telemetry" / "go.mod").read_text()
    parts = [
        part["gomod"]
        for kind in ("receivers", "processors", "exporters", "connectors", "extensions")
        for part in wanted[kind]
    ]
    assert [part for part in parts if f"\t{part}\n" not in go_mod] == []
