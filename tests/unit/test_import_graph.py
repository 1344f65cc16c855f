"""No module imports itself through other modules, neither at the top of a file nor inside functions.

import-linter's contracts (pyproject.toml) define which folder may import which. They check packages; this test checks
every single module, and imports that only type checkers see.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

import grimp

from deploy.tracked import tracked
from stack.paths import ROOT


def our_packages() -> set[str]:
    """Return the top-level folders with Python modules, except for single files: examples and Sphinx's settings."""
    folders = {path.split("/")[0] for path in tracked("*.py") if "/" in path} - {"examples", "docs", "observability"}
    return folders | {"glasshouse_observability"}


def imports() -> dict[str, set[str]]:
    """Return each of our modules with those of our modules that it imports, for type checkers too."""
    graph = grimp.build_graph(*sorted(our_packages()), cache_dir=None, exclude_type_checking_imports=False)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def cycle_in(graph: Mapping[str, set[str]]) -> list[str]:
    """Return the modules of one cycle, each imported by the one before it; empty if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def test_no_module_imports_itself_through_others() -> None:
    """No module imports itself through other modules, so each can be read after those that it imports."""
    graph = imports()
    assert len(graph) > 800
    found = cycle_in(graph)
    assert not found, "import cycle: " + " imports ".join(found)


def test_a_cycle_is_found_and_named_in_the_order_of_its_imports() -> None:
    """A cycle is found and its modules are named in the order of their imports, so the check above can fail."""
    assert cycle_in({"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}) in (["b", "c", "b"], ["c", "b", "c"])
    assert cycle_in({"a": {"b"}, "b": {"c", "d"}, "c": {"d"}, "d": set()}) == []
    assert cycle_in({"a": {"a"}}) == ["a", "a"]


def test_import_linter_watches_every_folder() -> None:
    """import-linter's contracts cover every top-level folder."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    packages = our_packages()
    assert set(settings["root_packages"]) == packages
    described = {
        module.split(".")[0]
        for contract in settings["contracts"]
        if contract["type"] == "forbidden"
        for module in contract["source_modules"]
    }
    assert described == packages - {"tests"}


STANDARD_LIBRARY_ONLY = (
    "glasshouse_observability.settings",
    "shop.domain",
    "faults.definitions",
    "faults.flags",
    "faults.agent",
)
"""The launcher runs before packages are installed, the fault agent runs all the time, the domain uses no framework."""


def foreign(sources: tuple[str, ...]) -> set[str]:
    """Return the top-level packages outside this repository and the standard library that the modules import."""
    graph = grimp.build_graph(*sorted(our_packages()), cache_dir=None, include_external_packages=True)
    starts = [module for module in graph.modules for source in sources if f"{module}.".startswith(f"{source}.")]
    reached = set(starts).union(*(graph.find_upstream_modules(module) for module in starts))
    assert len(starts) >= len(sources)
    return {module.split(".")[0] for module in reached} - our_packages() - sys.stdlib_module_names


def test_what_is_said_to_need_the_standard_library_only_imports_no_package() -> None:
    """Modules that may use only the standard library import no package.

    import-linter's contracts forbid some packages; this test forbids all.
    """
    assert foreign(STANDARD_LIBRARY_ONLY) == set()


def test_an_imported_package_is_found() -> None:
    """An imported package is found, so the check above can fail."""
    assert {"requests", "pymongo"} <= foreign(("lab.orders",))
