"""The Go modules of the servers that are built: what the table says is what their go.mod and go.sum pin."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.rules.files import MODULES

TABLE: list[dict[str, Any]] = yaml.safe_load((MODULES / "modules.yaml").read_text())["modules"]


@pytest.mark.parametrize("module", TABLE, ids=lambda module: module["name"])
def test_module_is_pinned(module: dict[str, Any]) -> None:
    """Each module has a go.mod and a go.sum, and its go.mod asks for the Go version that the table names."""
    go_mod = (MODULES / module["dir"] / "go.mod").read_text()
    assert re.search(rf"^go {re.escape(module['go'])}$", go_mod, re.MULTILINE)
    assert (MODULES / module["dir"] / "go.sum").read_text()


@pytest.mark.parametrize("module", TABLE, ids=lambda module: module["name"])
def test_packages_are_required(module: dict[str, Any]) -> None:
    """A package that is built belongs to the module itself or to one that go.mod requires and go.sum knows."""
    go_mod = (MODULES / module["dir"] / "go.mod").read_text()
    go_sum = (MODULES / module["dir"] / "go.sum").read_text()
    required = dict(re.findall(r"^(?:require )?\s*(\S+\.\S+/\S+) (v\S+)", go_mod, re.MULTILINE))
    for build in module["builds"]:
        package = build["package"]
        if package == ".":
            continue
        owners = [name for name in required if package == name or package.startswith(f"{name}/")]
        assert owners, f"go.mod does not require {package}"
        owner = max(owners, key=len)
        assert f"{owner} {required[owner]} h1:" in go_sum


def test_collector_is_what_its_builder_file_says() -> None:
    """Every component of builder.yaml is in the generated go.mod, at the same version."""
    wanted = yaml.safe_load((MODULES / "collector" / "builder.yaml").read_text())
    go_mod = (MODULES / "collector" / "go.mod").read_text()
    parts = [
        part["gomod"]
        for kind in ("receivers", "processors", "exporters", "connectors", "extensions")
        for part in wanted[kind]
    ]
    assert [part for part in parts if f"\t{part}\n" not in go_mod] == []
