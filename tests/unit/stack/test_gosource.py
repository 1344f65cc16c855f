"""Changes to a module's source before it is built."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from stack import gosource
from stack.errors import BuildFailed

RECIPE = {
    "module": "example.org/server",
    "version": "v1.2.3",
    "sum": "h1:good",
    "mod_sum": "h1:mod",
    "folder": "server-source",
    "remove": ["heavy.go"],
    "edits": {"main.go": [["old()", "new()"]]},
}


class World:
    """A module with its recipe, and a module cache with the source."""

    def __init__(self, folder: Path) -> None:
        self.module, self.cache, self.work = folder / "module", folder / "cache", folder / "work"
        self.recipe = self.module / "server" / "source.yaml"
        self.sum = "h1:good"
        (self.module / "server" / "files").mkdir(parents=True)
        (self.module / "go.mod").write_text("module example\n")
        (self.module / "server" / "files" / "light.go").write_text("package main // ours\n")
        self.cache.mkdir()
        for name in ("heavy.go", "main_test.go"):
            (self.cache / name).write_text("package main\n")
        (self.cache / "main.go").write_text("old() + old()\n")
        (self.cache / "main.go").chmod(0o444)

    def prepare(self, **changed: object) -> Path:
        """Prepare the source with the recipe and these changes."""
        self.recipe.write_text(yaml.safe_dump(RECIPE | changed))
        return gosource.prepare(self.module, self.recipe, self.work, self.run)

    def run(self, arguments: list[str], folder: Path) -> str:
        """Stand in for `go mod download`: the source is in the cache and go.sum has the pinned checksums."""
        assert arguments == ["mod", "download", "-json", "example.org/server@v1.2.3"]
        assert (folder / "go.sum").read_text().splitlines() == [
            "example.org/server v1.2.3 h1:good",
            "example.org/server v1.2.3/go.mod h1:mod",
        ]
        return "go: a remark\n" + json.dumps({"Dir": str(self.cache), "Sum": self.sum})


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a new world for each test."""
    return World(tmp_path)


def test_the_copy_is_adapted_and_the_cache_left_alone(world: World) -> None:
    """The copy has files removed, texts replaced and our files added, and the cache is unchanged.

    Tests of the module are not copied.
    """
    copy = world.prepare() / "server-source"
    assert sorted(file.name for file in copy.iterdir()) == ["light.go", "main.go"]
    assert (copy / "main.go").read_text() == "new() + new()\n"
    assert (world.cache / "main.go").read_text() == "old() + old()\n"
    assert (world.work / "go.mod").exists()


def test_preparing_again_begins_with_the_original(world: World) -> None:
    """Preparing again starts with the original source, so that files of an earlier build are not edited twice."""
    world.prepare()
    assert (world.prepare() / "server-source" / "main.go").read_text() == "new() + new()\n"


def test_a_text_that_is_not_there_stops_the_build(world: World) -> None:
    """A text that does not occur stops the build, because another version of the source needs another recipe."""
    with pytest.raises(BuildFailed, match=r"main\.go has no 'other\(\)' to replace"):
        world.prepare(edits={"main.go": [["other()", ""]]})


def test_another_checksum_stops_the_build(world: World) -> None:
    """A checksum that is not the pinned one stops the build."""
    world.sum = "h1:bad"
    with pytest.raises(BuildFailed, match="has the checksum h1:bad and h1:good was expected"):
        world.prepare()
    assert not (world.work / "server-source").exists()
