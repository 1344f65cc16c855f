"""Adaptation of a module's source before its build: fetched at the pinned version, verified, edited in a copy.

A recipe (``source`` in modules.yaml) names the module, its version and checksum, the folder of the copy, files to
remove and text to replace. The contents of ``files/`` next to the recipe are copied over the source. The go.mod of the
module being built refers to the folder by ``replace``.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from stack.errors import BuildFailed

Run = Callable[[list[str], Path], str]
"""Runs a Go command in a folder: returns its output, or raises an error with the reason for the failure."""


def prepare(module_folder: Path, recipe: Path, work: Path, run: Run) -> Path:
    """Create the folder to build in, at ``work``: a copy of the module's folder with the adapted source.

    Raises:
        BuildFailed: the source differs from the one that the recipe was written for.
    """
    wanted = yaml.safe_load(recipe.read_text())
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(module_folder, work)
    source = fetch(wanted, work, run)
    copy = work / wanted["folder"]
    # File by file: the module cache's folders may be read-only, and so would their copies be.
    for file in source.rglob("*"):
        if file.is_file() and not file.name.endswith("_test.go"):
            target = copy / file.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    adapt(copy, wanted)
    shutil.copytree(recipe.parent / "files", copy, dirs_exist_ok=True)
    return work


def fetch(wanted: dict[str, Any], work: Path, run: Run) -> Path:
    """Return the source in the module cache, downloaded if missing. Raises BuildFailed on a wrong checksum."""
    # Run outside the folder with our go.mod, which replaces the module with the copy that does not exist yet.
    outside = work / ".fetch"
    outside.mkdir()
    module, version = wanted["module"], wanted["version"]
    (outside / "go.mod").write_text("module fetch\n")
    (outside / "go.sum").write_text(
        f"{module} {version} {wanted['sum']}\n{module} {version}/go.mod {wanted['mod_sum']}\n"
    )
    said = run(["mod", "download", "-json", f"{module}@{version}"], outside)
    answer = json.loads(said[said.index("{") :])
    # Go itself rejects a download that differs from go.sum, but not a version already in the module cache.
    if answer["Sum"] != wanted["sum"]:
        raise BuildFailed(
            f"{module} {version} has the checksum {answer['Sum']} and {wanted['sum']} was expected: the module proxy "
            "(GOPROXY) did not return the published file; use another proxy."
        )
    return Path(answer["Dir"])


def adapt(copy: Path, wanted: dict[str, Any]) -> None:
    """Remove files and replace text. Raises BuildFailed if a text is missing."""
    for name in wanted["remove"]:
        (copy / name).unlink()
    for name, edits in wanted["edits"].items():
        text = (copy / name).read_text()
        for old, new in edits:
            if old not in text:
                raise BuildFailed(f"{wanted['module']} {wanted['version']}: {name} has no {old!r} to replace.")
            text = text.replace(old, new)
        (copy / name).write_text(text)
